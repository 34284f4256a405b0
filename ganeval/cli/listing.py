"""`list`: what is here."""

from pathlib import Path

import click

from ganeval.errors import unknown
from ganeval.terminal import print_view


@click.command(name="list")
@click.argument("what", required=False, metavar="[metrics|datasets|extractors|models|protocols|settings]")
@click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR", help="Where data sets are (GANEVAL_DATA).")
def list_(what: str | None, data_root: Path | None) -> None:
    """Say what is here, and which weights or data are missing.

    \b
    ganeval list
    ganeval list extractors
    ganeval list settings                          every key of `train --set`: meaning, values, default

    A preset has defaults of its own: `ganeval train MODEL --dry-run` says what a run takes.
    """
    from ganeval.listing import LISTS, UNASKED
    from ganeval.render import facts_view

    if what is not None and what not in LISTS:
        raise unknown("list", what, LISTS)
    for title in [what] if what else UNASKED:
        print_view(facts_view(title, LISTS[title](data_root)))
