"""Verdicts on a training run: collapse, overfitting, divergence and the like."""
