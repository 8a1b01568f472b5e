"""An S3-compatible object store: what it answers, and whether it takes what it is given."""
