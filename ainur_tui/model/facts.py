"""Facts a decision rests on, and what differs between two looks at them (S-43)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ainur_tui.model.text import clean

MOVED = "the world has moved"
"""How the refusal of a plan begins whose facts are not those the person saw."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One fact that is not what it was; both are words, safe to show."""

    name: str
    was: str
    now: str


def changes(seen: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """What differs, fact by fact; facts within facts by their path (``machines 178119``)."""
    was, is_now = dict(_flat("", _as_sent(seen))), dict(_flat("", _as_sent(now)))
    return [
        Change(name=clean(name, 120), was=_words(was.get(name)), now=_words(is_now.get(name)))
        for name in sorted(was.keys() | is_now.keys())
        if was.get(name) != is_now.get(name)
    ]


def _as_sent(facts: Mapping[str, Any]) -> dict[str, Any]:
    """As the wire carries them: a tuple and a list are the same fact."""
    sent: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(facts))
    return sent


def _flat(path: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{path} {name}".strip(), inner)
    else:
        yield path, value


def _words(value: object) -> str:
    if value is None:
        return "not there"
    return clean(value if isinstance(value, str) else msgspec.json.encode(value).decode(), 200)
