"""Which backups were begun from here and have not ended: a killed engine's leavings are known."""

from __future__ import annotations

from pathlib import Path

from ainur_tui.systems.postgres.backup import names


class Begun:
    """One empty file per backup in the engine's private folder. Without a folder nothing is noted
    and only age tells what was left."""

    def __init__(self, state: Path | None) -> None:
        self._folder = state / "backups-begun" if state is not None else None

    def note(self, backup: str) -> None:
        """Before the first byte is written anywhere. Raises ``OSError``."""
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / backup).touch(mode=0o600)

    def forget(self, backup: str) -> None:
        """It is sealed, or nothing is left of it. Raises ``OSError``."""
        if self._folder is not None:
            (self._folder / backup).unlink(missing_ok=True)

    def left(self) -> list[str]:
        """Those that neither came to their seal nor were taken back, oldest first."""
        if self._folder is None or not self._folder.is_dir():
            return []
        found = (path.name for path in self._folder.iterdir())
        return sorted(name for name in found if names.split(name + names.DATA) is not None)
