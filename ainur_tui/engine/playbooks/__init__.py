"""Playbooks at work: judged step by step, and kept over a crash."""
