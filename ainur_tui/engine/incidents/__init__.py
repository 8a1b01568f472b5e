"""Incidents: their record, what feeds it, and their evidence."""
