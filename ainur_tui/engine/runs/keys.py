"""Idempotency: what is asked twice under one key is begun once (S-37)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ainur_tui.model.action import Run
from ainur_tui.model.failure import BAD_DATA, USAGE, Refused
from ainur_tui.model.runcalls import RunCall


class Keys:
    """Which run each key began, or is about to begin."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[RunCall, asyncio.Future[Run] | str]] = {}

    def keep(self, call: RunCall, run: str) -> None:
        """Remember that a call began the run of that id."""
        self._known[call.key] = (call, run)

    def run_of(self, key: str) -> str | None:
        """The run that this key began, if it has begun."""
        begun = self._known[key][1] if key in self._known else None
        return begun if isinstance(begun, str) else None

    def forget(self, run: str) -> None:
        """Forget the key of an old run."""
        self._known = {key: known for key, known in self._known.items() if known[1] != run}

    async def once(
        self,
        call: RunCall,
        begin: Callable[[], Coroutine[Any, Any, Run]],
        find: Callable[[str], Run],
    ) -> Run:
        """Begin a run, or give the one this key began. Raises Refused, also for a key that was
        used for something else; what was refused may be asked again under the same key."""
        if not call.key:
            raise Refused("a run needs a key, so that it cannot be begun twice", USAGE)
        if known := self._known.get(call.key):
            first, begun = known
            if _wish(first) != _wish(call):
                raise Refused("this key was used for another run", BAD_DATA)
            return find(begun) if isinstance(begun, str) else await asyncio.shield(begun)
        # The caller may go away while the gates are read; what was asked is decided all the same.
        task = asyncio.ensure_future(begin())
        self._known[call.key] = (call, task)
        task.add_done_callback(lambda done: self._decided(call, done))
        return await asyncio.shield(task)

    async def settled(self) -> None:
        """Wait until nothing is about to begin."""
        if waiting := [task for _, task in self._known.values() if not isinstance(task, str)]:
            await asyncio.wait(waiting)

    def _decided(self, call: RunCall, task: asyncio.Future[Run]) -> None:
        if task.cancelled() or task.exception() is not None:
            del self._known[call.key]
        else:
            self.keep(call, task.result().id)


def _wish(call: RunCall) -> tuple[str, str, dict[str, str]]:
    return call.action, call.target, call.params
