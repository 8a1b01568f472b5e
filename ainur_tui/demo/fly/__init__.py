"""The platform of the miniature."""
