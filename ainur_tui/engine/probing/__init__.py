"""Looking at the world: systems connected, their probes run on time."""
