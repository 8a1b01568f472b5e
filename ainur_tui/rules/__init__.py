"""The judgement: pure functions on the words. No I/O, no clock of its own."""
