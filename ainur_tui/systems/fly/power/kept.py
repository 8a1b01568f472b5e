"""What an emergency stop takes down, kept in a private file: a machine that is destroyed while it
is stopped can be made again as it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from ainur_tui.config import safefile
from ainur_tui.systems.fly.machines import Machine


class KeptMachine(msgspec.Struct, frozen=True):
    """A machine as it was; ``config`` as the platform gave it."""

    id: str
    region: str
    config: dict[str, Any]


class Kept(msgspec.Struct, frozen=True):
    """How many ran, and what they were. ``at`` in epoch seconds."""

    app: str
    at: float
    count: int
    machines: list[KeptMachine]

    def find(self, id: str) -> KeptMachine | None:
        """The machine of that id."""
        return next((one for one in self.machines if one.id == id), None)


class Memory:
    """A file in ``folder``, for nobody else: a configuration may hold what is confidential."""

    def __init__(self, folder: Path | None, app: str) -> None:
        self._path = None if folder is None else folder / "emergency-stop.json"
        self._app = app

    def keep(self, machines: Sequence[Machine], count: int, at: float) -> None:
        """Write it in one piece, on the disk when this returns. Raises OSError."""
        path = self._path
        if path is None:
            raise OSError("there is no folder for it")
        rows = [KeptMachine(m.id, m.region, dict(m.config)) for m in machines]
        body = msgspec.json.encode(Kept(self._app, at, count, rows))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        safefile.replace(path, body)

    def recall(self) -> Kept | None:
        """What was kept of this app last; ``None`` where nothing is, or nothing can be trusted."""
        if self._path is None:
            return None
        try:
            found = safefile.read(self._path)
            kept = msgspec.json.decode(found.data, type=Kept)
        except (safefile.Unreadable, msgspec.DecodeError):
            return None
        return kept if found.private and kept.app == self._app else None
