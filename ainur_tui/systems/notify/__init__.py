"""People who are called when an alert fires."""
