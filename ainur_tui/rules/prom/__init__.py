"""Prometheus rules and queries: read, explained, written."""
