"""Loki: logs that others have collected."""
