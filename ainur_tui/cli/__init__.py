"""The doors: one file per command, imported when called."""
