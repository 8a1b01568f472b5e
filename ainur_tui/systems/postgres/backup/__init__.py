"""Backups of a database: one stream to every place, and no backup without a manifest."""
