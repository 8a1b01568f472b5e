"""The Fly Machines platform: what runs there, its log lines, and what can be done to it."""
