"""Small questions about ports and processes."""

from __future__ import annotations

import socket


def accepts(port: int) -> bool:
    """Whether something listens on that port of 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False
