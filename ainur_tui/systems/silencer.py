"""Silences that another judge keeps, and how they are ended there."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Silencer(ABC):
    """A judge with silences of its own. ``end`` returns once the judge says that one is over, and
    raises :class:`~ainur_tui.model.failure.ProbeFailure` where that is not known."""

    @abstractmethod
    async def end(self, id: str) -> None: ...
