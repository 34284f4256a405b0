"""Tables of trained models: on the terminal, and as the README of a results folder."""
