"""What a screen says, as lines of spans: pure functions from views to text, tested without a UI."""
