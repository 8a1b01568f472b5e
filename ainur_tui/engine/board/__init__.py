"""The board: the newest reading of everything, and the picture judged from it."""
