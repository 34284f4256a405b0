"""The machine: files, devices and processes. No other room knows it."""
