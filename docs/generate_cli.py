"""Write `docs/cli.md` from the commands' own help: `python docs/generate_cli.py`. A test keeps the two the same."""

from pathlib import Path

import click

from ganeval.cli import main

TARGET = Path(__file__).parent / "cli.md"
WIDTH = 110


def document() -> str:
    """The whole page."""
    group = click.Context(main, info_name="ganeval", terminal_width=WIDTH, **main.context_settings)
    pages = [click.Context(command, info_name=name, parent=group) for name, command in sorted(main.commands.items())]
    parts = ["# Commands", "", "Written from `--help` by `docs/generate_cli.py`; do not edit.", ""]
    for page in (group, *pages):
        parts += [f"## {page.command_path}", "", "```", page.get_help().rstrip(), "```", ""]
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
