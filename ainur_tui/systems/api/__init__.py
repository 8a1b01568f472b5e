"""The API service, as its users reach it."""
