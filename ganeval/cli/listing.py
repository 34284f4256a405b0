"""`list`: what is here."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from ganeval.cli.command import Command
from ganeval.cli.console import print_view
from ganeval.cli.options import DATA_ROOT
from ganeval.errors import unknown
from ganeval.reports.scores import ARROWS, METRICS

Rows = Mapping[str, str]


def metrics(_: Path | None) -> Rows:
    """The metric families, their scores with the better direction, and the paper to cite."""
    rows = {}
    for name, family in METRICS.items():
        scores = ", ".join(f"{score} {ARROWS[row.better]}" for score, row in family.scores.items())
        rows[name] = "; ".join([f"{scores}\n{family.source}", *filter(None, [family.condition])])
    return rows


def datasets(data_root: Path | None) -> Rows:
    """The named references, and whether their files are here."""
    from ganeval.sources.datasets import DATASETS, dataset_status
    from ganeval.sources.mixtures import MIXTURES

    images = {name: dataset_status(name, data_root) for name in DATASETS}
    return {**images, **dict.fromkeys(MIXTURES, "here: points, drawn with a fixed seed")}


def extractors(_: Path | None) -> Rows:
    """The networks, and whether their weights are here."""
    from ganeval.extractors import EXTRACTORS, extractor_status

    return {name: f"{row.what}\n{extractor_status(name)}" for name, row in EXTRACTORS.items()}


def models(_: Path | None) -> Rows:
    """The reference models, whom to cite, and the steps that each preset gives them."""
    from reference_models import MODELS, PRESETS  # as heavy as torch

    rows = {}
    for name, recipe in MODELS.items():
        steps = {preset: held[name].get("steps") for preset, held in PRESETS.items() if name in held}
        budgets = ", ".join(f"{preset} {count:,}" for preset, count in steps.items())
        rows[name] = f"{recipe.cite}\nsteps by preset: {budgets}"
    return rows


def settings(_: Path | None) -> Rows:
    """Every key of `--set`: what it means, its values and defaults."""
    from reference_models.configuration.setting_help import explained  # as heavy as torch

    size = "side of the images, which are cropped and resized to it\nwhole number, 8 to 256; default: as they are"
    return {"size": size, **explained()}


def protocols(_: Path | None) -> Rows:
    """The ways an image is resized for the network."""
    from ganeval.evaluation.protocols import PROTOCOLS

    return {name: f"{row.resize}; agrees with {row.agrees_with}" for name, row in PROTOCOLS.items()}


LISTS: dict[str, Callable[[Path | None], Rows]] = {
    rows.__name__: rows for rows in (metrics, datasets, extractors, models, protocols, settings)
}
UNASKED = tuple(name for name in LISTS if name != "settings")  # it says nothing of what is here, and is long


@click.command(name="list", cls=Command)
@click.argument("what", required=False, metavar=f"[{'|'.join(LISTS)}]")
@DATA_ROOT
def list_(what: str | None, data_root: Path | None) -> None:
    """Say what is here, and which weights or data are missing.

    \b
    ganeval list
    ganeval list extractors
    ganeval list settings                          every key of `train --set`: meaning, values, default

    A preset has defaults of its own: `ganeval train MODEL --dry-run` says what a run takes.
    """
    from ganeval.tables.report_view import facts_view

    if what is not None and what not in LISTS:
        raise unknown("list", what, LISTS)
    for title in [what] if what else UNASKED:
        print_view(facts_view(title, LISTS[title](data_root)))
