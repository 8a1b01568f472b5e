"""Telling others of alerts: one errand a receiver, on the record, never in the way of judging."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from ainur_tui.engine.history.history import History
from ainur_tui.model.alert import ACTIVE, Ack, Alert, Severity, Silence
from ainur_tui.model.alertcalls import Delivery, Quiet
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.folding import Fold, calling
from ainur_tui.model.secret import Redactor
from ainur_tui.model.severity import Level
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock
from ainur_tui.systems.telling import Message, Receiver

WATCHDOG = "Watchdog"
"""The alert that always fires: whoever stops hearing it knows that nobody judges any more."""
PATIENCE = 15.0
"""Seconds one delivery may take."""
AGAIN = (5.0, 15.0, 60.0)
"""Seconds until a delivery that failed is tried again; the last for ever."""
KEPT = 200
_STORED = "deliveries"

_log = logging.getLogger(__name__)
_Key = tuple[str, str]


class _Told(msgspec.Struct, frozen=True):
    """An alert a receiver was told of: when last, and since when it fires."""

    alert: Alert
    at: float
    since: float


class _Kept(msgspec.Struct, frozen=True):
    told: dict[str, list[_Told]]
    deliveries: list[Delivery]


class Notifier:
    """:meth:`take` is called with every picture and returns at once. ``levels`` tell how often a
    person is reminded: at the response time of the severity, until somebody is on it."""

    def __init__(
        self,
        receivers: Sequence[Receiver],
        levels: Mapping[Severity, Level],
        clock: Clock,
        history: History,
        redact: Redactor,
    ) -> None:
        self._receivers = receivers
        self._levels = levels
        self._clock = clock
        self._history = history
        self._redact = redact
        self._alerts: list[Alert] = []
        self._news = {receiver.name: asyncio.Event() for receiver in receivers}
        self._told: dict[str, dict[_Key, _Told]] = {r.name: {} for r in receivers}
        self._failing: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)

    @property
    def channels(self) -> list[str]:
        """The names of all receivers."""
        return [receiver.name for receiver in self._receivers]

    def problems(self) -> list[str]:
        """A sentence for every receiver that cannot be reached at present."""
        return [f"alerts do not reach {name}: {why}" for name, why in self._failing.items()]

    def quiet(self, now: float) -> list[Quiet]:
        """Those who are outside their hours, with what waits for them."""
        return [
            Quiet(
                channel=one.name, until=one.hours.opens(now), always=sorted(one.always),
                waiting=sum(
                    not one.awake(each.worst, now) and _key(each.root) not in self._told[one.name]
                    for each in self._causes(one)
                ),
            )
            for one in self._receivers if one.hours is not None and not one.hours.open(now)
        ]  # fmt: skip

    async def start(self) -> None:
        """Go on where the last engine was: what it told is not told anew."""
        if not self._receivers:
            return
        if stored := await self._history.load(_STORED):
            self._restore(stored)
        self._tasks = [asyncio.create_task(self._serve(one)) for one in self._receivers]

    async def stop(self) -> None:
        """End all errands."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def take(self, alerts: Sequence[Alert]) -> None:
        """The newest picture of all alerts."""
        self._alerts = list(alerts)
        for event in self._news.values():
            event.set()

    async def _serve(self, receiver: Receiver) -> None:
        failures = 0
        await self._news[receiver.name].wait()  # before the first picture nothing is over
        while True:
            self._news[receiver.name].clear()
            if due := self.due(receiver, self._clock.now()):
                failures = 0 if await self._send(receiver, due) else failures + 1
            if failures:
                await asyncio.sleep(AGAIN[min(failures, len(AGAIN)) - 1])
            else:
                await self._news[receiver.name].wait()

    async def _send(self, receiver: Receiver, due: Sequence[Message]) -> bool:
        problem = ""
        try:
            async with asyncio.timeout(PATIENCE):
                await receiver.send(due)
        except ProbeFailure as failure:
            problem = str(failure)
        except TimeoutError:
            problem = f"no answer within {PATIENCE:.0f} s"
        except Exception as error:  # a receiver's fault must not end all telling
            _log.exception("telling %s", receiver.name)
            problem = f"our own code failed ({type(error).__name__})"
        problem = clean(self._redact(problem), 200)
        now = self._clock.now()
        if problem:
            self._failing[receiver.name] = problem
        else:
            self._failing.pop(receiver.name, None)
            self._remember(receiver, due, now)
        for message in due:
            # What is sent again and again is worth a line when it is new, or fails.
            if message.what != "still fires" or problem or receiver.folded:
                alert = message.alert
                about = f"{alert.severity} {alert.name} on {alert.target}"
                what = f"{about if alert.target else alert.name} {message.what}"
                self.deliveries.append(Delivery(at=now, channel=receiver.name, what=what,
                                                ok=not problem, detail=problem))  # fmt: skip
        await self._history.save(_STORED, self._dump())
        return not problem

    def due(self, receiver: Receiver, now: float) -> list[Message]:
        """What this receiver has to be told at this moment."""
        told = self._told[receiver.name]
        if receiver.folded:
            told_by = [f for f in self._causes(receiver) if receiver.awake(f.worst, now)]
            current = {_key(f.root): (f.root, len(f.under)) for f in told_by}
        else:
            current = {_key(a): (a, 0) for a in self._alerts
                       if a.state in ACTIVE and a.severity in receiver.severities
                       and a.origin not in receiver.hears}  # fmt: skip
            current[WATCHDOG, ""] = (watchdog(now), 0)
        found = []
        for key, (alert, symptoms) in current.items():
            before = told.get(key)
            if before is None:
                found.append(Message(alert, "fires", alert.since, symptoms))
            elif now - before.at >= self._repeat(receiver, alert) or (
                not receiver.folded and _hands(alert) != _hands(before.alert)
            ):
                found.append(Message(alert, "still fires", before.since, symptoms))
        for key, before in list(told.items()):
            if key in current or self._in_hand(key):
                continue
            if not receiver.resolved:
                del told[key]
                continue
            severity = before.alert.severity
            if not receiver.awake(severity, now) and receiver.awake(severity, before.at):
                continue  # who was called by night hears by night that it is over
            over = replace(before.alert, state="resolved", since=now)
            found.append(Message(over, "over", before.since))
        return found

    def _causes(self, receiver: Receiver) -> list[Fold]:
        """The lines that a person is to be called for."""
        return [each for each in calling(self._alerts) if each.worst in receiver.severities]

    def _in_hand(self, key: _Key) -> bool:
        """Whether it still fires though nobody is called for it now: that is no end."""
        return any(_key(a) == key and a.state in ACTIVE for a in self._alerts)

    def _repeat(self, receiver: Receiver, alert: Alert) -> float:
        if receiver.repeat is not None:
            return receiver.repeat
        return self._levels[alert.severity].response or float("inf")

    def _remember(self, receiver: Receiver, sent: Sequence[Message], now: float) -> None:
        told = self._told[receiver.name]
        for message in sent:
            key = _key(message.alert)
            if message.what == "over":
                told.pop(key, None)
            else:
                told[key] = _Told(message.alert, now, message.since)

    def _dump(self) -> bytes:
        told = {name: list(known.values()) for name, known in self._told.items()}
        return msgspec.json.encode(_Kept(told, list(self.deliveries)))

    def _restore(self, stored: bytes) -> None:
        try:
            kept = msgspec.json.decode(stored, type=_Kept)
        except msgspec.DecodeError:
            return
        self.deliveries.extend(kept.deliveries)
        for name, known in kept.told.items():
            if name in self._told:
                self._told[name] = {_key(one.alert): one for one in known}


def _key(alert: Alert) -> _Key:
    return alert.name, alert.target


def _hands(alert: Alert) -> tuple[Ack | None, Silence | None]:
    return alert.ack, alert.silence


def watchdog(now: float) -> Alert:
    """The alert that fires as long as alerts are judged."""
    return Alert(name=WATCHDOG, target="", state="firing", severity="P4", since=now,
                 summary="alerts are judged; when this stops, nobody judges them")  # fmt: skip
