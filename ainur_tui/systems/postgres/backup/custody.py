"""Who had a backup in their hands: a list in which each entry seals those before it."""

from __future__ import annotations

import getpass
import hashlib
import os
import socket
from collections.abc import Sequence
from typing import Literal

import msgspec

from ainur_tui.model.text import clean

_MOST = 500
"""Entries that are kept: more than a proof a week for nine years."""


class Custody(msgspec.Struct, frozen=True, kw_only=True):
    """One thing done with a backup. ``link`` is the SHA-256 over the link before it and over this
    entry; the first one's begins from the manifest."""

    at: str
    what: Literal["created", "restored and counted", "disproved"]
    run: str
    host: str
    operator: str
    link: str = ""


def account() -> str:
    """The account this process runs as; the journal's run says which person asked."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return str(os.geteuid())


def host() -> str:
    """The machine's name."""
    return socket.gethostname()


def extended(manifest: bytes, past: Sequence[Custody], entry: Custody) -> list[Custody]:
    """The list with one more entry, sealed."""
    before = past[-1].link if past else hashlib.sha256(manifest).hexdigest()
    return [*past, _sealed(before, entry)][-_MOST:]


def unbroken(manifest: bytes, past: Sequence[Custody]) -> bool:
    """Whether each entry seals those before it, from this very manifest on."""
    before = hashlib.sha256(manifest).hexdigest()
    for entry in past:
        if entry != _sealed(before, entry):
            return False
        before = entry.link
    return True


def words(past: Sequence[Custody]) -> str:
    """The list for people, the newest last."""
    return "; ".join(
        clean(f"{one.what} {one.at} by {one.operator}@{one.host}, run {one.run}", 200)
        for one in past[-8:]
    )


def _sealed(before: str, entry: Custody) -> Custody:
    bare = msgspec.structs.replace(entry, link="")
    content = before.encode() + b"\n" + msgspec.json.encode(bare)
    return msgspec.structs.replace(entry, link=hashlib.sha256(content).hexdigest())
