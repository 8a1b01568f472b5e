"""Search in what is shown: a linear-time expression, and where it is found."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ainur_tui.model.log import LogGap, LogLine
from ainur_tui.model.text import clean


class Unusable(ValueError):
    """The words are no expression; the text says why."""


class Search:
    """``words`` as typed; small letters find capitals too, as in the engine's filters. Raises
    :class:`Unusable`."""

    def __init__(self, words: str) -> None:
        self.words = words
        self._pattern = _compiled(words)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where it is found in a text, from the left; what matches without a letter is nowhere."""
        return [m.span() for m in self._pattern.finditer(text) if m.end() > m.start()]

    def holds(self, record: LogLine | LogGap) -> bool:
        """Whether it is found in a record's message or fields."""
        if isinstance(record, LogGap):
            return False
        search = self._pattern.search
        return bool(search(record.message)) or any(map(search, record.fields.values()))


@lru_cache(maxsize=32)
def _compiled(words: str) -> Any:
    import re2  # not before somebody searches: start-up is short

    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = words != words.lower()
    try:
        return re2.compile(words, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise Unusable(f"not a usable pattern: {clean(reason, 120)}") from None
