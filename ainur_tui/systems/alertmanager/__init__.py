"""An Alertmanager: its alerts, and a receiver of ours."""
