"""Scores and pictures while a model trains."""
