"""What the world and the engine process have in common; it imports nothing that starts slowly."""

from __future__ import annotations

import hashlib

TOKEN = "FlyV1 fm2_canary-token"


def digest(value: str) -> str:
    """What can be read back of a secret."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]
