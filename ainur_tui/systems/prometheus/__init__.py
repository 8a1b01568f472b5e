"""A Prometheus: its rules and alerts, and PromQL evaluated there."""
