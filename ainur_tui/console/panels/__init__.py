"""The tabs. A new one is a file here and one line in :mod:`ainur_tui.console.panels.registry`."""
