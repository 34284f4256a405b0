"""Help in plain words: every option is a noun phrase that stands alone and shows its default."""

import re
from collections.abc import Iterator

import click
import pytest

from ganeval.cli import main

AVOIDED = {  # what help, errors and pages say instead (CONTRIBUTING.md has the list)
    r"pictures?": "image, or plot",
    r"slopes?": "gradient",
    r"pulls?": "influence function",
    r"moves?": "update, step",
    r"told": "conditional, class label",
    r"said": "warned, reported, listed",
    r"goes on|go on": "resume",
    r"may (not )?stand": "not comparable",
    r"arithmetics?": "precision, floating-point format",
    r"your word": "accept",
}
LEANING = (
    "Of ",
    "What ",
    "Each ",
    "To ",
    "With which ",
    "By ",
    "Say ",
    "Not ",
)  # starts that lean on the option's name


def commands(command: click.Command = main, path: str = "ganeval") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from commands(child, f"{path} {name}")


COMMANDS = dict(commands())
OPTIONS = {
    f"{path} {parameter.opts[-1]}": parameter
    for path, command in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter, click.Option) and parameter.name != "help"
}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_help_of_an_option_is_a_sentence_that_stands_alone(name: str) -> None:
    text = OPTIONS[name].help or ""
    assert re.match(r"[A-Z0-9`]", text), text
    assert text.endswith(".")
    assert not text.startswith(LEANING), text


@pytest.mark.parametrize("name", OPTIONS)
def test_the_help_of_an_option_shows_its_default(name: str) -> None:
    option = OPTIONS[name]
    default = option.to_info_dict()["default"]
    if option.is_flag or option.multiple or option.required or default is None or option.hidden:
        return
    assert option.show_default or "efault" in (option.help or ""), f"default {default!r} is not shown"


@pytest.mark.parametrize("path", COMMANDS)
def test_help_says_it_in_the_words_of_the_field(path: str) -> None:
    parent = click.Context(main, info_name="ganeval", terminal_width=120, **main.context_settings)
    context = click.Context(COMMANDS[path], info_name=path, parent=parent)
    text = " ".join(COMMANDS[path].get_help(context).split())
    avoided = {word: instead for word, instead in AVOIDED.items() if re.search(rf"\b({word})\b", text)}
    assert avoided == {}


@pytest.mark.parametrize("path", [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)])
def test_help_opens_with_whole_example_commands(path: str) -> None:
    text = COMMANDS[path].help or ""
    assert f"\n{path}" in text or f"\n    {path}" in text
