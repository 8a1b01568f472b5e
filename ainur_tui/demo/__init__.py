"""A miniature Ainur to run, break and rehearse on: a separate world that imports nothing of ours."""
