"""The heart: runs probes, keeps history, judges, acts, journals."""
