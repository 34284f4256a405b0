"""The settings of a model: values, presets, checks and help."""
