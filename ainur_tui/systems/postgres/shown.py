"""Text of the database made fit to show: clean, redacted, bounded."""

from __future__ import annotations

from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean

HIDDEN = "<insufficient privilege>"
_QUERY = 300
_WHOLE_QUERY = 4000


class Shown:
    """Cleans cells of tables with the redactor of this environment."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    def text(self, value: object, limit: int = 80) -> str:
        """A short text cell; NULL is empty."""
        return "" if value is None else clean(self._redact(str(value)), limit)

    def query(self, value: object) -> str:
        """A query on one line, spaces folded (F-27: any length, any content)."""
        return "" if value is None else self.text(" ".join(str(value).split()), _QUERY)

    def whole_query(self, value: object, length: object) -> str:
        """As much of a query as a detail view holds, with what is missing counted."""
        text = self.text(" ".join(str(value or "").split()), _WHOLE_QUERY)
        return f"{text} … of {length} characters" if _longer(length) else text


def _longer(length: object) -> bool:
    return isinstance(length, int) and length > _WHOLE_QUERY


def ages(*values: float | None) -> float | None:
    """The largest age in seconds that is known, never negative (clocks step); else ``None``."""
    known = [max(0.0, value) for value in values if value is not None]
    return max(known, default=None)
