"""The chain's node of the miniature."""
