"""The Substrate node: raw JSON-RPC for its health, systemd for its unit."""
