"""Alerts: judged, kept, told, and what people said of them."""
