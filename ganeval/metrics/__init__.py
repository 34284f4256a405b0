"""The metrics: functions of tensors of features, on any device, one file a family.

A family's row in `ganeval.reports.scores` names its function, the arguments that the function needs and its scores.
Every function returns its scores by name, each an `Estimate`.
"""

K_PRECISION_RECALL, K_DENSITY_COVERAGE = 3, 5  # neighbours that a ball reaches to, by default; in every protocol
