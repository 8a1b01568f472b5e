"""The app's secrets: their names and digests are shown, their values never."""
