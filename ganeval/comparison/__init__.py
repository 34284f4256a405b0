"""Runs side by side: rows that may be compared in one group, best, rank, and differences with their error. No torch.

rows       one run, or the seeds of one model, as a line; which lines are yardsticks
seeds      what the seeds of one model share, and what they are called together
naming     lines of one name told apart
groups     lines that may be compared: best, rank, difference to a baseline
comparing  `compare`, which makes all of it from reports, files and folders
"""

from ganeval.comparison.comparing import compare
from ganeval.comparison.groups import OUTSIDE, Comparison, Delta, Group
from ganeval.comparison.rows import Row, mean_score
from ganeval.comparison.seeds import kind_of

__all__ = ["OUTSIDE", "Comparison", "Delta", "Group", "Row", "compare", "kind_of", "mean_score"]
