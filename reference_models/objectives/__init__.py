"""Losses, penalties and what a discriminator is shown."""
