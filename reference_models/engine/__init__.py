"""Training, sampling and checkpoints, the same for every model."""
