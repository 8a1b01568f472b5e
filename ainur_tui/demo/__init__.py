"""A miniature Ainur to run, break and rehearse on: a separate world, it imports nothing of ours."""
