"""The gate of continuous integration: limits, what decides them, and how the outcome is told."""

from ganeval.gating.outcomes import HELD, INCONCLUSIVE, NOT_COMPARABLE, REGRESSED, Gate, Judgement
from ganeval.gating.rule import gate

__all__ = ["HELD", "INCONCLUSIVE", "NOT_COMPARABLE", "REGRESSED", "Gate", "Judgement", "gate"]
