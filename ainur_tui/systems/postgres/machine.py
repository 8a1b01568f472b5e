"""Whether the server runs on this machine, and what that machine has."""

from __future__ import annotations

import psutil

from ainur_tui.systems.postgres.tuning import Machine

_SLACK = 5.0


def here(pid: int, started: float) -> Machine | None:
    """This machine, when the process that serves our connection is one of it; else ``None``.

    An address tells nothing (a tunnel ends on localhost too), so the process itself is looked
    for: its number, its name and the moment (epoch seconds) it ``started`` must all be right.
    """
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _SLACK and "postgres" in process.name()
    except psutil.Error:
        return None
    return Machine(psutil.virtual_memory().total, psutil.cpu_count()) if same else None
