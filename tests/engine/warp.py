"""An event loop whose time jumps to the next timer when nothing is left to do, and its clock."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
EPOCH = 1_800_000_000.0


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    warp = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout:
            self.warp += timeout
        return found if found or timeout is not None else super().select(None)


class WarpLoop(asyncio.SelectorEventLoop):
    """No wall time passes while it waits for a timer."""

    def __init__(self) -> None:
        self._warp = _Selector()
        super().__init__(self._warp)

    def time(self) -> float:
        return self._warp.warp


class WarpClock:
    """The clock of the running loop; ``jump`` moves the wall clock only."""

    jump = 0.0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> float:
        return EPOCH + self.monotonic() + self.jump


class HandClock:
    """A clock moved by hand."""

    def __init__(self, now: float = EPOCH) -> None:
        self.wall = now
        self.mono = 1000.0

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.mono

    def go(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


def warped(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop without real waiting."""
    loop = WarpLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
