"""Runs side by side: groups of comparable rows, best, rank, and differences with their error. No torch.

rows       one run, or the seeds of one model, as a row with a name of its own; which rows are yardsticks
seeds      what the seeds of one model share, and one row for all of them
groups     comparable rows: best, rank, difference to a baseline
comparing  `compare`, which makes groups from reports, files and folders; what is comparable
"""

from ganeval.comparison.comparing import compare
from ganeval.comparison.groups import OUTSIDE, Comparison, ComparisonGroup, Delta
from ganeval.comparison.rows import Row, mean_score
from ganeval.comparison.seeds import kind_of

__all__ = ["OUTSIDE", "Comparison", "ComparisonGroup", "Delta", "Row", "compare", "kind_of", "mean_score"]
