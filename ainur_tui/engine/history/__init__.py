"""What was read and what happened, on disk."""
