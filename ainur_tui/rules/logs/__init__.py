"""Log lines of every kind: taken apart, classed, searched."""
