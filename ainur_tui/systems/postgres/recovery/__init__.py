"""What a recovery is decided by: candidates, counts, what is lost, what there was."""
