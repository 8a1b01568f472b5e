"""How the console ends: the terminal is always given back, whatever ends it (E-06, E-07, E-09)."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

PATIENCE = 2.0
"""Seconds an orderly end may take; a terminal that stopped reading must not hold the process."""


def end_on_signals(leave: Callable[[int], None]) -> None:
    """Call ``leave`` with the exit code on SIGHUP and SIGTERM, and end in any case soon after."""
    loop = asyncio.get_running_loop()

    def handle(number: int, _: FrameType | None) -> None:
        code = 128 + number
        last = threading.Timer(PATIENCE, os._exit, (code,))
        last.daemon = True
        last.start()
        loop.call_soon_threadsafe(leave, code)

    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, handle)
