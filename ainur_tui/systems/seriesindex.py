"""The series of another judge, for the doctor of its rules and for saved queries."""

from __future__ import annotations

from abc import ABC, abstractmethod

Series = tuple[dict[str, str], float]
"""Labels and value."""
Past = tuple[dict[str, str], list[tuple[float, float]]]
"""Labels and (moment, value), oldest first."""


class SeriesIndex(ABC):
    """Another judge's series. Raises :class:`~ainur_tui.model.failure.ProbeFailure` where it cannot
    be asked, or does not understand. ``peer`` is where it is."""

    peer: str

    @abstractmethod
    async def exists(self, selector: str) -> bool: ...

    @abstractmethod
    async def names(self) -> list[str]: ...

    @abstractmethod
    async def query(self, expr: str) -> list[Series]: ...

    @abstractmethod
    async def past(self, expr: str, start: float, end: float, step: float) -> list[Past]: ...
