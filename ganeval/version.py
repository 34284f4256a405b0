"""The version of ganeval, alone here: no room imports the package for it."""

__version__ = "0.1.0"
