"""The commands: parse, call, print. Heavy modules are imported inside the commands that need them."""

from ganeval.cli.comparing import compare
from ganeval.cli.gating import gate
from ganeval.cli.group import main
from ganeval.cli.human import human
from ganeval.cli.listing import list_
from ganeval.cli.plotting import plot
from ganeval.cli.reporting import report
from ganeval.cli.scoring import check, classifier, features, score
from ganeval.cli.training import sample, train, train_all

COMMANDS = (score, check, features, classifier, train, train_all, sample, compare, report, gate, human, list_, plot)
for command in COMMANDS:
    main.add_command(command)

__all__ = ["main"]
