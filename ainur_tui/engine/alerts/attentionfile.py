"""The file that holds who is on which alert and what is silenced."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from ainur_tui.config import safefile
from ainur_tui.model.alert import Ack, Silence


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    acks: list[tuple[str, str, Ack]] = []
    silences: list[Silence] = []
    version: Literal[1] = 1


def read(path: Path) -> Kept:
    """What was kept; nothing where there is no file yet. Raises Unreadable."""
    if not path.exists():
        return Kept()
    content = safefile.read(path)
    if content.loose is not None:
        raise safefile.Unreadable(content.loose)
    try:
        return msgspec.json.decode(content.data, type=Kept)
    except msgspec.DecodeError as error:
        raise safefile.Unreadable(f"is not what the console wrote ({error})") from None


def write(path: Path, kept: Kept) -> None:
    """Put it in the place of what was there, in one piece. Raises OSError."""
    safefile.replace(path, msgspec.json.encode(kept))
