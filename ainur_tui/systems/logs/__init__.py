"""Log files that the configuration names."""
