"""The server's settings: those worth a look as a table, and every change as an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ainur_tui.model.event import Event
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.postgres import queries
from ainur_tui.systems.postgres.client import Database
from ainur_tui.systems.postgres.look import UNHURRIED
from ainur_tui.systems.postgres.machine import here
from ainur_tui.systems.postgres.settings_table import HIDDEN, rows, settings
from ainur_tui.systems.postgres.tuning import Machine

INTERVAL = 30.0
MOST = 20
"""Changes told one by one; of more at once only the number is told."""


class Setting(NamedTuple):
    """``waits``: the file has another value, which comes with the next restart."""

    value: str
    waits: bool


class SettingsProbe(Probe):
    """Compares ``pg_settings`` with the last look; the first one only remembers.

    ``machine`` is the server's where the configuration tells it; else it is known only where the
    process that serves us runs on this one.
    """

    name = "db.settings"
    target = "db"
    signals = ()

    def __init__(
        self, database: Database, clock: Clock, redact: Redactor, *, interval: float,
        deadline: float, machine: Machine | None = None,
    ) -> None:  # fmt: skip
        self.interval = max(interval, INTERVAL)
        self.deadline = max(deadline, UNHURRIED)
        self._database = database
        self._clock = clock
        self._redact = redact
        self._machine = machine
        self._before: dict[str, Setting] | None = None
        self._seen_at = 0.0

    async def read(self) -> Sample:
        async with self._database.sampling() as connection:
            read = await connection.fetch(queries.SETTINGS)
            (us,) = await connection.fetch(queries.US)
        now = self._clock.now()
        machine = self._machine or here(us["pid"], us["started"])
        table = settings(
            rows(list(map(dict, read)), machine, self._redact), machine, now, self.interval
        )
        found = {row["name"]: Setting(row["value"], row["pending_restart"]) for row in read}
        loaded = max((row["loaded_at"] for row in read), default=now)
        before, since = self._before, self._seen_at
        self._before, self._seen_at = found, now
        if before is None:
            return Sample(tables=[table])
        at = loaded if since < loaded <= now else now
        told = changes(before, found, self._redact)
        if len(told) > MOST:
            told = {"": f"{len(told)} settings changed at once"}
        events = [
            Event(key=f"db-setting:{name}:{at:.0f}", at=at, kind="setting", target="db", text=words)
            for name, words in told.items()
        ]
        return Sample(tables=[table], events=events)


def changes(
    before: Mapping[str, Setting], after: Mapping[str, Setting], redact: Redactor
) -> dict[str, str]:
    """By name, in words. A setting that one of the two looks lacks is another version's or one
    we may not see any more, and tells nothing."""
    told = {}
    for name, setting in after.items():
        former = before.get(name)
        if former is None or former == setting:
            continue
        label = clean(name, 60)
        if former.value != setting.value:
            hidden = any(part in name for part in HIDDEN)
            values = "changed" if hidden else f"{_show(former)} → {_show(setting)}"
            told[name] = redact(clean(f"{label} {values}", 200))
        elif setting.waits:
            told[name] = f"{label} is set anew, and waits for a restart"
    return told


def _show(setting: Setting) -> str:
    return clean(setting.value, 60) or "empty"
