"""The guide's stand-ins: a value that still holds one is *not configured*, never green."""

from __future__ import annotations

import re

_STAND_IN = re.compile(
    r"\byour[-_](?:\w+[-_])*(?:domain|token|password|key|secret|bucket|app|account|url|host|id)\b"
    r"|\bstrong_password\b|\bchange[-_]?me\b|<[A-Za-z][A-Za-z0-9 _-]*>|\bACCOUNT_ID\b",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """Whether the text still holds a stand-in of the operations guide."""
    return _STAND_IN.search(text) is not None


def placeholder_in(value: object) -> str | None:
    """The dotted key under ``value`` (builtins) whose text holds a stand-in; ``""`` for itself."""
    if isinstance(value, str):
        return "" if is_placeholder(value) else None
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in pairs:
        inner = placeholder_in(item)
        if inner is not None:
            return f"{key}.{inner}" if inner else str(key)
    return None
