"""SCALE, the bytes of a Substrate chain, as far as the miniature writes them."""

from __future__ import annotations

from collections.abc import Iterable


def compact(number: int) -> bytes:
    """A number in as few bytes as it needs; up to 2**30."""
    if number < 1 << 6:
        return bytes([number << 2])
    if number < 1 << 14:
        return (number << 2 | 1).to_bytes(2, "little")
    return (number << 2 | 2).to_bytes(4, "little")


def many(parts: Iterable[bytes]) -> bytes:
    """A list: how many, then each."""
    found = list(parts)
    return compact(len(found)) + b"".join(found)


def text(words: str) -> bytes:
    """A string."""
    raw = words.encode()
    return compact(len(raw)) + raw


def maybe(part: bytes | None) -> bytes:
    """An option: whether it is there, then it."""
    return b"\x00" if part is None else b"\x01" + part


NONE = many([])
