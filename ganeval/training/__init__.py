"""Train, sample, score and compare the reference models."""
