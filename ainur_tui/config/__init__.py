"""The settings: one TOML file as types, with every problem located."""
