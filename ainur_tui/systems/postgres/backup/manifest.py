"""The manifest: written last, so that without it there is no backup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ainur_tui.model.text import clean
from ainur_tui.systems.postgres.backup import custody, names
from ainur_tui.systems.postgres.backup.beside import Kept
from ainur_tui.systems.postgres.backup.proof import Proof

FORMAT = "pg_dump custom, zstd"
SEALED_FORMAT = "pg_dump custom, zstd, age"
OLD_FORMAT = "plain gzip"
LARGEST = 4 << 20

State = Literal["complete", "failed", "partial", "running"]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is and what proves it. ``rows`` were counted in the dump's own snapshot.

    ``created_at`` is RFC 3339 (the snapshot's moment), ``duration`` seconds, ``schema_sha256``
    the digest of the catalogue's definitions. ``run``, ``host``, ``operator`` (the account the
    engine runs as; the journal's run says who asked) and ``command`` say how it came to be.
    """

    version: Literal[1] = 1
    id: str
    created_at: str
    bytes: int
    sha256: str
    database: str
    server_version: str
    client_version: str
    format: str = FORMAT
    duration: float
    lsn: str | None
    rows: dict[str, int]
    schema_sha256: str
    run: str
    host: str = ""
    operator: str = ""
    command: str = ""
    database_bytes: int | None = None
    config: Kept | None = None
    locale: dict[str, str] = {}
    roles: list[str] = []
    """The roles that own something in it, or were granted something."""

    @property
    def data(self) -> str:
        """The name its data have."""
        return self.id + (names.SEALED if self.sealed else names.DATA)

    @property
    def sealed(self) -> bool:
        """Whether it is encrypted."""
        return self.format == SEALED_FORMAT


def encode(manifest: Manifest) -> bytes:
    """The manifest as people can read it."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode(data: bytes, backup: str) -> Manifest | None:
    """A manifest as found; ``None`` for anything that is not the manifest of that backup."""
    try:
        found = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.id == backup else None


def row(
    backup: str,
    state: State,
    *,
    created_at: str | None = None,
    size: int | None = None,
    locations: list[str] | None = None,
    manifest: Manifest | None = None,
    form: str = FORMAT,
    detail: str | None = None,
    proof: Proof | None = None,
) -> dict[str, Any]:
    """A backup as the command line's contract writes it; what is not known is ``None``.

    ``verified_at`` and ``verified_rows`` tell of a restore; a matching hash alone is not one.
    """
    known = manifest
    return {
        "id": backup,
        "created_at": known.created_at if known else created_at,
        "bytes": known.bytes if known else size,
        "locations": locations or [],
        "sha256": clean(known.sha256, 64) if known else None,
        "database": clean(known.database, 120) if known else None,
        "server_version": clean(known.server_version, 40) if known else None,
        "format": clean(known.format, 40) if known else form,
        "state": state,
        "verified_at": proof.verified_at if proof else None,
        "verified_rows": _counts(proof.rows) if proof else None,
        "verified_seconds": proof.seconds if proof else None,
        "duration": known.duration if known else None,
        "rows": _counts(known.rows) if known else None,
        "lsn": clean(known.lsn, 40) if known and known.lsn else None,
        "detail": detail,
        "config": known.config.name if known and known.config else None,
        "config_holds": _words(known.config.holds) if known and known.config else None,
        "locale": _texts(known.locale) if known and known.locale else None,
        "roles": _words(known.roles) if known and known.roles else None,
        "custody": _custody(known, proof),
    }


def _custody(made: Manifest | None, proof: Proof | None) -> str | None:
    """Created by whom, restored by whom and when."""
    if proof is not None and proof.custody:
        return custody.words(proof.custody)
    if made is None:
        return None
    created = custody.Custody(
        at=made.created_at, what="created", run=made.run, host=made.host, operator=made.operator
    )
    return custody.words([created])


def _words(found: Sequence[str]) -> list[str]:
    return [clean(one, 120) for one in found]


def _texts(found: dict[str, str]) -> dict[str, str]:
    return {clean(name, 40): clean(value, 80) for name, value in found.items()}


def _counts(rows: dict[str, int]) -> dict[str, int]:
    return {clean(name, 120): count for name, count in rows.items()}
