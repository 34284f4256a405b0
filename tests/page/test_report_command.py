"""`ganeval report`: files, messages and exit codes."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_pages import (
    RECORDED,
    Outline,
    plain,
    run_folder,
    scored,
)

from ganeval.errors import ContentError
from ganeval.reports.run_folders import write_run


def test_the_command_writes_the_page_and_lists_what_it_left_out(tmp_path: Path, run: Callable[..., Any]) -> None:
    run_folder(tmp_path / "runs" / "a", scored("a", {"fid": (1.0, 0.1)}))
    half = tmp_path / "runs" / "half"
    half.mkdir()
    (half / "config.json").write_text(json.dumps({"ganeval": "0.1.0", "config": {"steps": 2000}}))
    (half / "log.jsonl").write_text('{"step": 50}\n{"step": 10')
    target = tmp_path / "a folder" / "report.html"
    result = run("report", tmp_path / "runs", "-o", target, "--title", "Ours")
    assert (result.exit_code, result.stdout) == (0, f"{target}: 1 run, {target.stat().st_size / 1e6:.1f} MB\n")
    line = f"{half}: unfinished (step 50 of 2,000): run the same command again to resume"
    assert f"warning: {line}" in result.stderr
    page = Outline(target.read_text(encoding="utf-8"))
    assert line in page.text
    assert page.text.count("Ours") == 2  # the title of the window and the heading
    assert sorted(one.name for one in target.parent.iterdir()) == ["report.html"]


def test_wrong_paths_and_names_are_usage_errors(tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    for arguments, line in {
        (tmp_path / "gone",): "no such file or folder",
        (folder, "-o", tmp_path): "found a folder, needed a file to write",
        (folder, "--sort", "fdi"): "unknown score to sort by 'fdi': did you mean 'fid'?",
        (folder, "--baseline", "b"): "unknown baseline 'b'",
    }.items():
        result = run("report", *arguments, *(() if "-o" in arguments else ("-o", tmp_path / "x.html")))
        assert result.exit_code == 2
        assert line in result.stderr
        assert result.stderr.count("\n") == 1
        assert not (tmp_path / "x.html").exists()


def test_only_a_page_is_written_so_that_no_report_is_ever_overwritten(tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1)}))
    before = (folder / "report.json").read_text()
    result = run("report", folder, "-o", folder / "report.json")
    assert (result.exit_code, result.stderr) == (
        2,
        f"Error: -o {folder / 'report.json'}: the page is HTML, needed a name that ends in .html\n",
    )
    assert (folder / "report.json").read_text() == before


@pytest.mark.slow
def test_the_page_is_made_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom ganeval.cli import main\n"
        f"try:\n    main(['report', {str(RECORDED / 'digits-cgan-s0')!r}, '-o', {str(tmp_path / 'x.html')!r}])\n"
        "except SystemExit as done:\n    assert not done.code\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_nan_value_is_reported_and_never_shown(tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = run_folder(tmp_path / "a", scored("a", {"fid": (1.0, 0.1), "recall": (0.5, 0.1)}))
    file = folder / "report.json"
    file.write_text(file.read_text().replace('"value": 0.5', '"value": NaN'))
    result = run("report", folder, "-o", tmp_path / "page.html")
    page = Outline((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert result.exit_code == 0
    for text in (result.stderr, page.text):
        assert "the value of recall is nan, which is no number" in text
    assert "recall" not in [plain(one) for one in re.findall(r"<th.*?</th>", (tmp_path / "page.html").read_text())]


def test_activation_maximisation_runs_on_every_trained_run(
    tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_run, trained = (run_folder(tmp_path / name, scored(name, {"fid": (1.0, 0.1)})) for name in "ab")
    write_run(trained, scored("b", {"fid": (2.0, 0.1)}), {"config": {"model": "dcgan"}})
    asked: list[tuple[Path, str]] = []
    monkeypatch.setattr("ganeval.training.insight.activation.store_activation", lambda *given: asked.append(given))
    assert run("report", plain_run, trained, "--layer", "up1", "-o", tmp_path / "page.html").exit_code == 0
    assert asked == [(trained, "up1")]
    result = run("report", plain_run, "--layer", "up1", "-o", tmp_path / "page.html")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: --layer up1: found no trained run, needed one with its checkpoint\n",
    )


def test_a_layer_that_a_run_lacks_is_reported_and_the_page_is_written(
    tmp_path: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        write_run(tmp_path / name, scored(name, {"fid": (1.0, 0.1)}), {"config": {"model": "dcgan"}})

    def store(folder: Path, layer: str) -> None:
        if folder.name == lacking or lacking == "all":
            raise ContentError(f"{folder}: no checkpoint")

    monkeypatch.setattr("ganeval.training.insight.activation.store_activation", store)
    lacking = "a"
    arguments = ("report", tmp_path / "a", tmp_path / "b", "--layer", "up1", "-o", tmp_path / "page.html")
    result = run(*arguments)
    line = f"--layer up1: {tmp_path / 'a'}: no checkpoint"
    assert (result.exit_code, result.stderr) == (0, f"warning: {line}\n")
    assert line in Outline((tmp_path / "page.html").read_text(encoding="utf-8")).text
    lacking = "all"
    (tmp_path / "page.html").unlink()
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (1, f"Error: {tmp_path / 'a'}: no checkpoint\n")
    assert not (tmp_path / "page.html").exists()


def test_a_folder_whose_name_is_no_text_is_shown_with_escapes(tmp_path: Path, run: Callable[..., Any]) -> None:
    folder = run_folder(tmp_path / "a\udcff", scored("a", {"fid": (1.0, 0.1)}))
    result = run("report", folder, "-o", tmp_path / "page.html")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "a\\udcff" in (tmp_path / "page.html").read_text(encoding="utf-8")
