"""The API service of the miniature."""
