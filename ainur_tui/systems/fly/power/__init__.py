"""Machines at rest and awake again: one by one, at once, or in order."""
