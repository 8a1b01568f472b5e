"""Faults on purpose: engines killed at random points, records edited, two operators at once."""
