"""Write `docs/cli.md` from the commands' own help: `python docs/generate_cli.py`. A test keeps the two the same."""

from collections.abc import Iterator
from pathlib import Path

import click

from ganeval.cli import main

TARGET = Path(__file__).parent / "cli.md"
WIDTH = 110


def document() -> str:
    """The whole page."""
    group = click.Context(main, info_name="ganeval", terminal_width=WIDTH, **main.context_settings)
    parts = ["# Commands", "", "Written from `--help` by `docs/generate_cli.py`; do not edit.", ""]
    for page in (group, *commands_of(group)):
        parts += [f"## {page.command_path}", "", "```", page.get_help().rstrip(), "```", ""]
    return "\n".join(parts)


def commands_of(group: click.Context) -> Iterator[click.Context]:
    """The commands of a group by name, and after a command that is a group itself those of its own."""
    if isinstance(group.command, click.Group):
        for name, command in sorted(group.command.commands.items()):
            page = click.Context(command, info_name=name, parent=group)
            yield page
            yield from commands_of(page)


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
