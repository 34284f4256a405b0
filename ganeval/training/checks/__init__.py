"""Scores and grids of samples while a model trains."""
