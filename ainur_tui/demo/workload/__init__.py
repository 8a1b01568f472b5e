"""What the miniature is for: users, and work in the background."""
