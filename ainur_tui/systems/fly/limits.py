"""What this platform and this token were found not to allow; the actions that need it say so."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock as shown
from ainur_tui.systems.base import Clock
from ainur_tui.systems.fly.token import TokenFacts

LASTING = frozenset({"forbidden", "missing"})
"""Failures that asking again does not mend. A token that is not accepted is no such: it may be
another one in a moment, and every plan says so itself."""


class Limits:
    """Fed by every reading call; a success takes back what an earlier one had found."""

    def __init__(self, token: TokenFacts, clock: Clock) -> None:
        self.token = token
        self.denied: str | None = None
        self._clock = clock
        self._lacks: dict[str, str] = {}

    @contextlib.contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Remember how a reading call for ``what`` went; its failure goes on."""
        try:
            yield
        except ProbeFailure as failure:
            if failure.kind in LASTING:
                self._lacks[what] = clean(f"{what} cannot be read: {why(failure)}", 200)
            raise
        self._lacks.pop(what, None)

    def lack(self, what: str) -> str | None:
        """Why ``what`` cannot be read, or ``None`` as far as is known."""
        return self._lacks.get(what)

    def forbids(self, *needs: str) -> str | None:
        """Why nothing that needs ``needs`` can be changed, or ``None`` as far as is known."""
        lacks = (words for what in needs if (words := self.lack(what)))
        return self.spent() or self.denied or next(lacks, None)

    def spent(self) -> str | None:
        """Why the token changes nothing, of whatever app, by its own words."""
        token = self.token
        if token.reads_only:
            return "the token may only read: it says so itself"
        if token.expires is not None and token.expires < self._clock.now():
            return f"the token ended {shown(token.expires, date=True)}"
        return None


def why(failure: ProbeFailure) -> str:
    """A failure in the platform's terms: what a 404 and a 403 mean for a whole resource."""
    if failure.kind == "missing":
        return f"this platform does not have it, or not for this token ({failure.detail})"
    return str(failure)
