"""The frontend, as its users reach it."""
