"""The gate of continuous integration: held, regressed, inconclusive or not comparable.

limits     limits as options, in Python and in a TOML file
measures   a score of one or several reports, with its error
rule       `gate`: the decision on each limit, and warnings
outcomes   the decisions as data, sentences and exit codes
command    the command behind its options
junit, github   the outcome for CI systems
"""

from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, Judgement
from ganeval.gating.rule import gate

__all__ = ["HELD", "INCONCLUSIVE", "NOT_COMPARABLE", "REGRESSED", "Gate", "Judgement", "gate"]
