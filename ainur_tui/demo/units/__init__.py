"""The host's service manager in miniature."""
