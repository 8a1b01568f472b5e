"""What must outlive this process is on disk before anybody is told of it (S-34)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ainur_tui.engine.alerts.alerting import Alerting
from ainur_tui.engine.board.board import Board
from ainur_tui.engine.history.history import History
from ainur_tui.model.alert import Alert
from ainur_tui.model.event import Event
from ainur_tui.systems.base import Clock

SAVE_EVERY = 30.0
"""Seconds after which hold times are saved, though no alert's state changed."""
GAP = 300.0
"""Seconds without an engine after which nobody knows that a state went on."""
PATIENCE = 1.0
"""Seconds the disk may take: after them people are told all the same."""

_ALERTS = "alerts"


class Keeper:
    """Keeps the states of alerts and targets: an alert somebody saw firing fires in the next
    engine too, since the same second."""

    def __init__(
        self,
        alerting: Alerting,
        board: Board,
        history: History,
        clock: Clock,
        event: Callable[[Event], None],
    ) -> None:
        self._alerting = alerting
        self._board = board
        self._history = history
        self._clock = clock
        self._event = event
        self._kept: dict[tuple[str, ...], str] = {}
        self._kept_at = clock.monotonic()
        self._saving: asyncio.Task[None] | None = None

    async def recall(self, *, watching: bool) -> None:
        """Take up the alerts where the last engine left them, and where it was there a moment ago,
        since when targets are in their states. One look (not ``watching``) goes on from no state:
        all it sees begins with it, or causes would seem younger than what they cause."""
        if not (dump := await self._history.load(_ALERTS)):
            return
        judged_at = self._alerting.restore(dump)
        if watching and self._clock.now() - judged_at < GAP:
            self._board.restore(await self._history.states())

    async def keep(self) -> None:
        """Before what was judged is told: wait until it is on disk. Where nothing changed, and
        where the disk does not take it, nobody is kept waiting."""
        stale = self._clock.monotonic() - self._kept_at >= SAVE_EVERY
        standing = self._alerting.standing
        if stale or standing != self._kept or self._alerting.some_turned:
            self._kept = standing
            self._saving = asyncio.create_task(self.save())
        if (saving := self._saving) is not None:
            await asyncio.wait({saving}, timeout=PATIENCE)
            if self._saving is saving:
                self._saving = None

    async def save(self) -> None:
        """Everything, now: the alerts, and as events which of them began or ended. One that an
        earlier engine told of has the same key, and counts once."""
        self._kept_at = self._clock.monotonic()
        with self._history.together():
            for alert in self._alerting.turned():
                self._event(began_or_ended(alert))
            self._history.set_states(self._board.states())
            self._history.set_value(_ALERTS, self._alerting.dump())
        await self._history.flush()


def began_or_ended(alert: Alert) -> Event:
    """What the timeline tells of an alert that fires, or does not any more."""
    what = f"{alert.severity} {alert.name}"
    over = alert.state == "resolved"
    return Event(
        key=f"alert:{alert.name}:{alert.target}:{alert.state}:{alert.since:.3f}",
        at=alert.since, kind="alert", target=alert.target,
        text=f"{what} is over" if over else f"{what} fires: {alert.summary}",
    )  # fmt: skip
