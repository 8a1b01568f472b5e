"""The world: one folder per system we watch or act on."""
