"""Actions: planned, decided, run step by step, on the record."""
