"""Ainur Console: a keyboard-driven operations console for the Ainur Protocol."""

__version__ = "0.1.0"
