"""Log lines: taken in, kept within bounds, counted, and found again."""
