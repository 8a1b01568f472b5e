"""Which faults are on, shared by all processes of a miniature through one small file.

Every component asks :meth:`Switches.on` where a fault would bite, so a fault also reaches processes
that are started after it was set.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

ACTS = "acts.jsonl"
"""When each fault came and went, so that how it was handled can be measured."""


class Switches:
    """The file ``faults.json`` in the miniature's directory: a list of names that are on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = directory / "faults.json"
        self._stamp: tuple[int, int] | None = None
        self._names: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The faults that are on now."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return frozenset()
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._names = frozenset(json.loads(self._path.read_text()))
            self._stamp = stamp
        return self._names

    def on(self, name: str) -> bool:
        """Whether the fault of that name is on now."""
        return name in self.names

    def set(self, name: str, *, on: bool) -> None:
        """Switch a fault; readers never see half a file."""
        names = self.names | {name} if on else self.names - {name}
        fresh = self._path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(sorted(names)))
        fresh.replace(self._path)
        act = {"at": time.time(), "fault": name, "on": on}
        with self.directory.joinpath(ACTS).open("a") as acts:
            acts.write(json.dumps(act) + "\n")
