"""The object store of the miniature."""
