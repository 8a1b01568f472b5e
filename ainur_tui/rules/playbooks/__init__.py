"""What a playbook's file says, which one fits, and what its next step is."""
