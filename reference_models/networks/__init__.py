"""Generators and discriminators, built from a configuration."""
