"""From features to a report: `evaluate`, `Evaluator`, `Scorer`, and the commands `score`, `check` and `features`."""
