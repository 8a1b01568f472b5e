"""The platform's list of machine sizes as it is now, with their prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.answers import number, object_of, pick, text
from ainur_tui.systems.base import Clock
from ainur_tui.systems.fly.access import authorization
from ainur_tui.systems.http import HttpClient

KEPT = 600.0
"""Seconds for which a list is good."""
LOOK = 2.0
_QUERY = "query { platform { vmSizes { name memoryMb maxMemoryMb priceMonth } } }"


@dataclass(frozen=True)
class Size:
    """A size of the platform. Memory in MB, from what it has at least; ``price`` in dollars a
    month with that least memory (``None``: not told)."""

    name: str
    least: int
    most: int
    price: float | None


class SizeList:
    """Asks the platform's GraphQL interface, as its own tools do."""

    def __init__(self, fly: Fly, token: Secret, *, clock: Clock, redact: Redactor) -> None:
        self._clock = clock
        self._known: dict[str, Size] = {}
        self._read_at = 0.0
        self._http = HttpClient(
            fly.web_url, clock=clock, redact=redact, deadline=min(fly.timeout, LOOK),
            headers={"authorization": authorization(token)},
        )  # fmt: skip

    async def sizes(self) -> dict[str, Size]:
        """By name; raises ProbeFailure where the platform does not tell."""
        now = self._clock.monotonic()
        if not self._known or now - self._read_at > KEPT:
            answer = await self._http.send(
                "POST", "/graphql", json={"query": _QUERY}, repeatable=True
            )
            found = pick(object_of(answer), "data.platform.vmSizes")
            if not isinstance(found, list):
                raise ProbeFailure("bad answer", "JSON without sizes")
            sizes = [size for row in found if (size := _size(row)) is not None]
            self._known, self._read_at = {size.name: size for size in sizes}, now
        return self._known

    async def close(self) -> None:
        """Close the connections' pool."""
        await self._http.close()


def _size(row: Any) -> Size | None:
    name = text(row, "name", 40) if isinstance(row, Mapping) else None
    if not name:
        return None
    least, most = number(row, "memoryMb").value, number(row, "maxMemoryMb").value
    if not least:
        return None
    return Size(clean(name, 40), int(least), int(most or least), number(row, "priceMonth").value)
