"""The wire: how anything talks to the engine."""
