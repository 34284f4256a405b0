"""What every command checks before it starts: outputs that would replace an input, empty paths, options given twice."""

import os
import shutil
import signal
import time

import click
import pytest
from example_reports import as_run, scored

from ganeval.cli import main
from ganeval.cli.command import Command, OutputType
from ganeval.runtime.files import replacing


def every_command(group=main, above=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, (*above, name))
        else:
            yield (*above, name), command


COMMANDS = dict(every_command())


@pytest.fixture
def images(digits_folder, tmp_path, monkeypatch):
    """A folder of images, and a zip of the same, in the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(digits_folder, "images")
    shutil.make_archive("images", "zip", "images")
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_command_checks():
    assert all(isinstance(command, Command) for command in COMMANDS.values())
    assert len(COMMANDS) > 12


WRITERS = {
    "score": [
        (["--samples", "{0}", "--ref", "digits", "--json", "{1}"], "--json", "--samples"),
        (["--samples", "digits", "--ref", "{0}", "--json", "{1}"], "--json", "--ref"),
    ],
    "features": [(["{0}", "-o", "{1}"], "-o", "SRC")],
    "classifier": [(["{0}", "-o", "{1}"], "-o", "SRC")],
    "human page": [(["--samples", "{0}", "--ref", "digits", "-o", "{1}"], "-o", "--samples")],
}
CASES = [(name, *case) for name, cases in WRITERS.items() for case in cases]


@pytest.mark.parametrize(("name", "arguments", "flag", "other"), CASES)
def test_no_output_replaces_an_input(run, images, name, arguments, flag, other):
    os.symlink("images.zip", "link.zip")
    os.link("images.zip", "hard.npz")
    inside = next((images / "images").rglob("*.png")).relative_to(images)
    before = contents(images)
    for source, target in (("images.zip", "images.zip"), ("link.zip", "images.zip"), ("images.zip", "hard.npz")):
        result = run(*name.split(), *[part.format(source, target) for part in arguments])
        expected = f"Error: {flag} {target}: found the file of {other}, needed another one\n"
        assert (result.exit_code, result.stderr) == (2, expected)
    for target in (str(inside), "images/new.json", "images/deep/below/new.npz", "./images/../images/x.npz"):
        result = run(*name.split(), *[part.format("images", target) for part in arguments])
        place = os.path.normpath(target) if not target.startswith("./") else target.removeprefix("./")
        expected = f"{flag} {place}: found a place among the images of {other}, needed one outside images"
        assert (result.exit_code, result.stderr) == (2, f"Error: {expected}\n")
    assert contents(images) == before


def test_folders_that_are_written_lie_outside_the_images(run, images):
    for arguments in (
        ["score", "--samples", "images", "--ref", "digits", "--out", "images"],
        ["score", "--samples", "images", "--ref", "digits", "--out", "images/mine"],
        ["train", "vanilla", "--data", "images", "--out", "images/run", "--steps", "1"],
        ["train", "vanilla", "--data", ".", "--steps", "1"],
        ["train-all", "--data", ".", "--steps", "1"],
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        assert ": found a place among the images of " in result.stderr
    assert {path.name for path in images.iterdir()} == {"images", "images.zip"}


def test_a_run_may_hold_what_is_made_of_it(run, images):
    as_run(scored("a", 1.0), images / "runs" / "a")
    result = run("compare", "runs", "-o", "runs/table.md")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (images / "runs" / "table.md").is_file()


@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_path_is_not_the_current_folder(run, images, blank):
    before = contents(images)
    for name, command in COMMANDS.items():
        for param in command.params:
            if param.type.name != "path":
                continue
            needed = [
                part for other in command.params if other.required and other is not param for part in dummy(other)
            ]
            own = [blank] if isinstance(param, click.Argument) else [param.opts[0], blank]
            result = run(*name, *needed, *own)
            assert result.exit_code == 2, (name, param.name, result.output)
            assert ": found an empty path, needed a file or folder" in result.stderr, (name, param.name, result.stderr)
    assert contents(images) == before


def dummy(param):
    value = "images.zip"
    return [value] if isinstance(param, click.Argument) else [param.opts[0], value]


def test_an_option_given_twice_is_refused_or_joined(run, images):
    for name, command in COMMANDS.items():
        for param in command.params:
            if isinstance(param, click.Argument) or param.is_flag:
                continue
            needed = [
                part for other in command.params if other.required and other is not param for part in dummy(other)
            ]
            if not param.multiple:
                result = run(*name, *needed, param.opts[0], "1", param.opts[0], "2")
                assert (result.exit_code, result.stderr) == (2, f"Error: {param.opts[0]}: found 2 values, needed one\n")
    result = run(
        "score", "--samples", "images", "--ref", "digits", "--metrics", "fid", "--metrics", "pr,kid", "--json", "-"
    )
    assert result.exit_code == 0
    assert [name in result.stdout for name in ('"fid"', '"kid"', '"precision"', '"density"')] == [
        True,
        True,
        True,
        False,
    ]
    result = run("train-all", "--models", "vanilla", "--models", "dcgam")
    assert "dcgam" in result.stderr


def test_outputs_are_declared():
    """A command that writes where it is told has an output: a path that is neither read nor written is a slip."""
    outputs = {name: [p.name for p in c.params if isinstance(p.type, OutputType)] for name, c in COMMANDS.items()}
    writers = ("score", "features", "classifier", "train", "train-all", "sample", "compare", "report", "gate", "plot")
    assert all(outputs[(name,)] for name in writers)
    assert outputs["human", "page"]


@pytest.mark.parametrize(("number", "code", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
@pytest.mark.parametrize("name", ["gate", "score", "train"])
def test_an_interrupted_command_ends_in_one_line_with_its_own_code(
    run, tmp_path, monkeypatch, number, code, word, name
):
    """Not with click's 1, which for the gate means regressed; what was half written is cleared away."""

    def interrupted(ctx):
        with replacing(tmp_path / "report.json") as partial:
            partial.write_text("half")
            os.kill(os.getpid(), getattr(signal, number))
            time.sleep(10)

    monkeypatch.setattr(COMMANDS[name,], "invoke", interrupted)
    before = signal.getsignal(signal.SIGTERM)
    result = run(name, *[part for param in COMMANDS[name,].params if param.required for part in dummy(param)])
    assert (result.exit_code, result.stdout) == (code, "")
    kept = {"gate": "nothing was written", "score": "nothing was written; sets", "train": "the last checkpoint is kept"}
    assert result.stderr.startswith(f"Error: {word}: {kept[name]}")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("name", ["run[v2]", "[/x]", "[bold]a[/bold]", "[link=x]b"])
def test_brackets_in_names_are_no_markup(run, images, name):
    folder = name.replace("/", "_")
    shutil.copytree("images", images / folder)
    scored = ("--ref", "digits", "--metrics", "fid", "--name", name)
    one = run("score", "--samples", "images", *scored)
    two = run("score", "--samples", "images", "--samples", "images", *scored, "--name", "b")
    for result, shown in ((one, name), (two, name), (run("check", folder), folder)):
        assert result.exit_code == 0, result.stderr
        assert shown in result.stdout
