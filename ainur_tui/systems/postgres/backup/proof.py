"""What a restore has shown of a backup: a small file beside the manifest."""

from __future__ import annotations

from typing import Literal

import msgspec

from ainur_tui.model.text import clean
from ainur_tui.systems.postgres.backup.custody import Custody


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one restore of the data with this ``sha256``, as they lay in one place.

    ``verified_at`` is RFC 3339, ``seconds`` how long fetching, restoring and counting took.
    ``problem`` is the sentence that disproves the backup; then nothing is verified.
    """

    version: Literal[1] = 1
    id: str
    sha256: str
    verified_at: str
    rows: dict[str, int] = {}
    seconds: float
    server_version: str
    run: str
    problem: str | None = None
    custody: list[Custody] = []


def encode(proof: Proof) -> bytes:
    """The proof as people can read it."""
    return msgspec.json.format(msgspec.json.encode(proof), indent=2) + b"\n"


def decode(data: bytes, backup: str) -> Proof | None:
    """A proof as found; ``None`` for anything that is not one of that backup."""
    try:
        found = msgspec.json.decode(data, type=Proof)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.id == backup else None


def problem(proof: Proof) -> str | None:
    """What the restore found wrong, clean."""
    return clean(proof.problem, 300) if proof.problem is not None else None
