"""What a token says of itself: until when it holds, and whether it may change anything.

A macaroon (github.com/superfly/macaroon) is readable by whoever holds it: MessagePack of nonce,
location, caveats (type and body in turn) and signature. Caveats only ever narrow it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from ainur_tui.model.secret import Secret
from ainur_tui.systems.fly.access import authorization

_ORGANIZATION, _APPS, _WINDOW, _IF_PRESENT, _ACTION, _COMMANDS = 0, 3, 4, 13, 26, 27
_READ, _ALL = 1, 0xFFFF
_NEVER = 1 << 36
_LABELS = ("fm1r_", "fm1a_", "fm2_")


@dataclass(frozen=True)
class TokenFacts:
    """``expires`` is epoch seconds (``None``: it does not tell); ``reads_only`` is certain."""

    kind: str
    expires: float | None = None
    reads_only: bool = False


def facts(token: Secret) -> TokenFacts:
    """Read a token; one of another form tells nothing. Never raises."""
    scheme, _, value = authorization(token).reveal().partition(" ")
    found = [macaroon for part in value.split(",") if (macaroon := _caveats(part)) is not None]
    if not found:
        return TokenFacts("a macaroon" if scheme == "FlyV1" else "a bearer token")
    ends = [body[1] for caveats in found for kind, body in caveats
            if kind == _WINDOW and _is_pair(body, int) and 0 < body[1] < _NEVER]  # fmt: skip
    masks = [mask for caveats in found if (mask := _mask(caveats)) is not None]
    return TokenFacts(
        "a macaroon",
        expires=float(min(ends)) if ends else None,
        reads_only=bool(masks) and not any(mask & ~_READ for mask in masks),
    )


def _caveats(part: str) -> list[tuple[int, Any]] | None:
    """The caveats of one macaroon of the list, or ``None`` for what is none."""
    text = part.strip()
    if not text.startswith(_LABELS):
        return None
    text = text.partition("_")[2]
    try:
        found = msgspec.msgpack.decode(base64.b64decode(text + "=" * (-len(text) % 4)))
        return list(_pairs(found[2]))
    except (msgspec.DecodeError, ValueError, TypeError, IndexError, KeyError, RecursionError):
        return None


def _pairs(found: Any) -> Iterator[tuple[int, Any]]:
    if not isinstance(found, list):
        raise TypeError("caveats are a list")
    yield from zip(found[::2], found[1::2], strict=True)


def _mask(caveats: list[tuple[int, Any]]) -> int | None:
    """The actions these caveats leave; ``None`` where they do not speak of any (a discharge)."""
    mask = None
    for kind, body in caveats:
        left = _left(kind, body)
        if left is not None:
            mask = (_ALL if mask is None else mask) & left
    return mask


def _left(kind: int, body: Any) -> int | None:
    if kind == _ACTION and isinstance(body, int):
        return body
    if kind == _ORGANIZATION and _is_pair(body, int):
        return int(body[1])
    if kind == _APPS and isinstance(body, list) and body and isinstance(body[0], dict):
        # Which of the apps is ours the token tells by number only: any of them will do.
        union = 0
        for mask in body[0].values():
            union |= mask if isinstance(mask, int) else _ALL
        return union if body[0] else None
    if kind == _IF_PRESENT and isinstance(body, list) and len(body) == 2:
        inner = body[0][::2] if isinstance(body[0], list) else []
        # A token for commands alone may do nothing else but what stands after "else".
        return body[1] if inner and set(inner) == {_COMMANDS} and isinstance(body[1], int) else None
    return None


def _is_pair(body: Any, kind: type) -> bool:
    return isinstance(body, list) and len(body) == 2 and all(isinstance(one, kind) for one in body)
