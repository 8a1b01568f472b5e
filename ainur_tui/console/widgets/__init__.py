"""Widgets that draw lines of spans and repaint only what changed."""
