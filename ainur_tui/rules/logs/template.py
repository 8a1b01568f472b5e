"""The shape of a message: what stays the same from line to line."""

from __future__ import annotations

import re

LOOKED_AT = 240
"""Characters of a message that make its template."""

_VARIES = re.compile(
    r""""[^"]*"|'[^']*'|`[^`]*`"""  # quoted values
    r"|\b(?:https?|wss?|postgres(?:ql)?|s3)://\S+"
    r"|(?<![\w.])(?:~|\.{1,2})?/[\w.@%+~:-]+(?:/[\w.@%+~:-]*)*"  # paths
    r"|\b0x[0-9a-fA-F…]+(?:\.\.\.[0-9a-fA-F]+)?"
    r"|\b(?=[\w.:-]*\d)\w[\w.:-]*"  # numbers, ids, hex, addresses, times
    r"|\d+"
)


def template(message: str) -> str:
    """The message with quoted values, paths, numbers, ids and hex as ``*``; what differs only in
    these has one template. Linear in its length."""
    masked = _VARIES.sub("*", message[:LOOKED_AT])
    return re.sub(r"\*(?:[ ,*%]+\*)+", "*", masked)
