"""What the sections of the configuration share: seconds, secrets by reference."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

SshHost = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][\w.@-]*$")]
Seconds = Annotated[float, Meta(ge=0.2, le=3600, description="seconds")]


class SecretMissing(Exception):
    """A secret reference leads nowhere; the text says which and what to do, never a value."""


class SecretRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret is: exactly one of ``env``, ``file``, ``command``."""

    env: str | None = None
    file: str | None = None
    command: list[str] | None = None


SecretSource = SecretRef | str
"""A reference; a literal string is accepted in a 0600 file only, with a warning."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every system's section."""

    interval: Annotated[Seconds, Meta(description="seconds between the runs of its probes")] = 5.0
    timeout: Annotated[Seconds, Meta(description="seconds one run may take in all")] = 5.0
