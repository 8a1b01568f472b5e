"""The board of a miniature's engine, asked from a test that does not run in its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ainur_tui.client.remote import Remote
from ainur_tui.config.load import load
from ainur_tui.config.paths import paths_for
from ainur_tui.model.board import BoardView
from tests.engine.engines import hello
from tests.helpers import Miniature, until


class Watcher:
    """Keeps an engine on a miniature and asks it."""

    def __init__(self, mini: Miniature) -> None:
        environment = load(mini.program.config).environment
        self._socket = paths_for(environment).socket

    def board(self) -> BoardView:
        """The picture as it is judged now. Raises Disconnected, OSError."""
        return asyncio.run(self._ask())

    async def _ask(self) -> BoardView:
        remote = await Remote.open(self._socket, hello("read"))
        try:
            found: BoardView = await remote.call("board")
            return found
        finally:
            await remote.close()


@contextmanager
def watching(mini: Miniature) -> Iterator[Watcher]:
    """With an engine that stays until the end of the block."""
    process = mini.program.start("engine", "--stay")
    watcher = Watcher(mini)

    def answers() -> bool:
        try:
            return bool(watcher.board().targets)
        except OSError:
            return False

    try:
        until(answers, 30, "the engine answers")
        yield watcher
    finally:
        process.terminate()
        process.wait(20)
