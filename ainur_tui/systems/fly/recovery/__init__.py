"""The ways back: from a lost database, from nothing at all."""
