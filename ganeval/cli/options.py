"""Arguments and options that several commands share."""

import click

from ganeval.cli.command import InputType, OutputType, SourceType
from ganeval.evaluation.settings import OPTIONS

PATH, OUTPUT, SOURCE = InputType(), OutputType(), SourceType()
RUNS = click.argument("runs", nargs=-1, type=PATH, metavar="[RUN|REPORT|DIR ...]")
SORT = click.option(
    "--sort", metavar="NAME", help="Score to sort by, or name. Default: fid, or the first headline score."
)
GROUP = click.option("--group", is_flag=True, help="One row for all seeds of a model: mean ± standard deviation.")
BASELINE = click.option(
    "--baseline", metavar="RUN", help="Row name or path of the run from which differences are shown."
)
LAYER = click.option(
    "--layer", metavar="NAME", help="Generator layer for activation maximisation; needs the checkpoint of the run."
)
DATA_ROOT = click.option("--data-root", type=PATH, metavar="DIR", help=OPTIONS["data_root"].help)
OFFLINE = click.option("--offline", is_flag=True, help=OPTIONS["offline"].help)
