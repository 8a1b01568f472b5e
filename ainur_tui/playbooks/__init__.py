"""The playbooks that come with the program: one TOML file each (``playbook check`` tells faults)."""
