"""The words of the console: immutable types and pure helpers. No I/O, no import of ours."""
