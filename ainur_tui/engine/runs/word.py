"""A run that asks for a word in its middle: it stands still until somebody gives it (G-157)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from ainur_tui.engine.runs.runrecord import RunRecord
from ainur_tui.model.action import Question


class Asking(RunRecord):
    """``ahead`` is the word where it was given with the call; ``unanswered`` whether the step it is
    at asked and got no answer, so that nothing of it was begun."""

    ahead: str | None = None
    unanswered: bool = False
    _answer: asyncio.Future[str] | None = None

    async def word(self, wanted: str, lines: Sequence[str]) -> str:
        told = [self._safe(text) for text in lines]
        asked = Question(word=wanted, lines=told, since=self.clock.now())
        await self._write("note", "word asked", {"word": wanted, "lines": told})
        if self.ahead == wanted:
            return f"{wanted} was given ahead by {self.run.operator}"
        self._answer = asyncio.get_running_loop().create_future()
        self.unanswered = True
        self._show(replace(self.run, asking=asked))
        try:
            who = await self._answer
            self.unanswered = False
            return f"{wanted} was given by {who}"
        finally:
            self._answer = None
            waited = self.run.waited + self.clock.now() - asked.since
            self._show(replace(self.run, asking=None, waited=waited))

    def said(self, who: str) -> None:
        """Somebody gave the word; it goes on."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(who)
