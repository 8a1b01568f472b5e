"""Versions seen before: kept in a private file, so that one that changed while no engine looked is
an event as well."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ainur_tui.config import safefile


class Versions:
    """What by name, as last seen; in memory alone without a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / "node-versions.json"
        self._seen: dict[str, str] | None = None

    def changed(self, what: str, now: str) -> str | None:
        """What it was before, where that is another; takes note of what it is now."""
        if self._seen is None:
            self._seen = self._load()
        before = self._seen.get(what)
        if before == now:
            return None
        self._seen[what] = now
        self._save()
        return before

    def _load(self) -> dict[str, str]:
        if self._path is None:
            return {}
        try:
            return msgspec.json.decode(safefile.read(self._path).data, type=dict[str, str])
        except (safefile.Unreadable, msgspec.DecodeError):
            return {}

    def _save(self) -> None:
        if self._path is None or self._seen is None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            safefile.replace(self._path, msgspec.json.encode(self._seen))
        except OSError:
            # Where nothing can be kept the events of this life are all there are.
            self._path = None
