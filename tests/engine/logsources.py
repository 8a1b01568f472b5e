"""Log sources that play what a test gives them, and a hub that follows them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from ainur_tui.engine.logs.hub import LogHub
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogQuery
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.logsource import LogSource, RawBatch, RawLine
from tests.engine.warp import EPOCH, WarpClock, warped

SECRET = "correct-horse-battery"


class FakeSource(LogSource):
    """Plays its items: a batch, a failure to raise, or seconds to wait; then stays silent."""

    def __init__(self, *items: RawBatch | Exception | float, name: str = "api") -> None:
        self.name = name
        self.target = name
        self.resumed: list[float | None] = []
        self._items = list(items)

    async def batches(self, resume: float | None) -> AsyncIterator[RawBatch]:
        self.resumed.append(resume)
        while self._items:
            item = self._items.pop(0)
            if isinstance(item, Exception):
                raise item
            if isinstance(item, float):
                await asyncio.sleep(item)
            else:
                yield item
        await asyncio.Event().wait()


def line(at: float, message: str = "request", level: str = "info", **fields: Any) -> RawLine:
    text = json.dumps({"level": level, "ts": EPOCH + at, "msg": message, **fields})
    return RawLine(EPOCH + at, text, machine="17811111111111")


def many(start: float, seconds: float, rate: int, **more: Any) -> list[RawLine]:
    count = int(seconds * rate)
    return [line(start + n / rate, f"request {n}", **more) for n in range(count)]


def played(
    *sources: FakeSource, seconds: float = 1.0, then: Callable[[LogHub], Any] | None = None
) -> Any:
    """Follow the sources for so many seconds; returns what ``then`` gives."""

    async def main() -> Any:
        hub = LogHub(sources, WarpClock(), Redactor([Secret(SECRET)]))
        await hub.start()
        await asyncio.sleep(seconds)
        found = then(hub) if then else hub.query(LogQuery())
        found = await found if asyncio.iscoroutine(found) else found
        await hub.stop()
        return found

    return warped(main())


def texts(lines: Sequence[LogLine]) -> list[str]:
    return [line.message for line in lines]
