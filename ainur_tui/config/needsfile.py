"""The file that holds who needs whom, as an operator edited it in the console."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import msgspec

from ainur_tui.config import safefile
from ainur_tui.model.needs import edges, fault
from ainur_tui.model.target import Kind, kind_of
from ainur_tui.model.text import clean

KINDS: tuple[str, ...] = get_args(Kind)
MOST = 500
"""Needs a graph may hold; a system has a dozen."""


class Edited(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the file holds."""

    needs: dict[str, list[str]]
    by: str
    at: float
    version: Literal[1] = 1


def edited(path: Path) -> Edited | None:
    """What the file at ``path`` holds, or ``None`` without one. Raises Unreadable."""
    if not path.exists():
        return None
    content = safefile.read(path)
    if content.loose is not None:
        raise safefile.Unreadable(content.loose)
    try:
        found = msgspec.json.decode(content.data, type=Edited)
    except msgspec.DecodeError as error:
        raise safefile.Unreadable(f"is not what the console wrote ({error})") from None
    if len(edges(found.needs)) > MOST:
        raise safefile.Unreadable(f"holds more than {MOST} needs")
    named = {n for name, needed in found.needs.items() for n in (name, *needed)}
    if why := fault(found.needs, [n for n in named if kind_of(n) in KINDS and clean(n, 80) == n]):
        raise safefile.Unreadable(f"cannot hold: {why}")
    return msgspec.structs.replace(found, by=clean(found.by, 60))
