"""Secrets: values that never show themselves, and the filter for the sinks (S-11)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import final

MASK = "••••••"
_SHORTEST = 6
"""Shorter values are not masked by text: hiding every "a" in a log hides the log."""

# Linear on any line, for hostile ones come through here: no part of the pattern may run over the
# next "://", and none gives back what it took.
_DSN = re.compile(r"(?P<head>://[^\s:/@]*+):(?P<password>(?:[^\s@:]++|:(?!//))++)@")
_KEYED = re.compile(
    r"(?P<head>(?:password|passwd|secret|token|authorization|api[_-]?key|access[_-]?key)"
    r"[\"']?\s*[=:]\s*[\"']?(?:bearer\s+|flyv1\s+)?)(?P<value>[^\s\"',;&]{4,})",
    re.IGNORECASE,
)


@final
class Secret:
    """A value whose ``repr``, ``str`` and format are a mask; :meth:`reveal` is the only way in."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not pickled")


class Redactor:
    """Masks known secret values, passwords in URLs and ``key=value`` credentials in any text."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values = {secret.reveal() for secret in secrets}
        known = sorted((v for v in values if len(v) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(MASK, text)
        if "://" in text:
            text = _DSN.sub(rf"\g<head>:{MASK}@", text)
        if "=" in text or ":" in text:
            text = _KEYED.sub(rf"\g<head>{MASK}", text)
        return text
