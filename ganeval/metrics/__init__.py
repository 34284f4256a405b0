"""The metrics: functions of tensors of features, on any device, one file a family.

A family's row in `ganeval.reports.scores` names its function, the arguments that the function needs and its scores.
Every function returns its scores by name, each an `Estimate`.
"""

K_PRECISION_RECALL = (
    3  # nearest neighbours that a ball reaches to, by default; both are settings, and in every protocol
)
K_DENSITY_COVERAGE = 5
