"""An Alertmanager (API v2) as one system: read, and told of our alerts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Alertmanager, Environment
from ainur_tui.model.alert import Alert, Severity, Silence
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.severity import LABEL_OF
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.target import Target
from ainur_tui.model.units import rfc3339
from ainur_tui.systems.alertjudge import http_of
from ainur_tui.systems.alertlabels import OURS, Told, alert_of, moment, texts
from ainur_tui.systems.alertmanager import silences
from ainur_tui.systems.answers import json_of, pick
from ainur_tui.systems.base import Clock, Context, Probe, Sample
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.system import System
from ainur_tui.systems.telling import Message, Receiver

NAME = "alertmanager"
PATH = "/api/v2/alerts"
REPEAT = 60.0
"""Seconds after which an alert is told again: an Alertmanager forgets what it does not hear of."""
HOLDS = 3600.0
"""Seconds an alert holds there without us: an engine that restarts resolves nothing (S-33)."""
WATCHDOG_HOLDS = 4 * REPEAT
"""The same for the watchdog, which is to be missed soon."""
_UP = Signal(name="alertmanager.up", title="Alertmanager", unit="bool", worse="below", fail=1.0,
             vital=True)  # fmt: skip


class AlertsProbe(Probe):
    """``GET /api/v2/alerts``: what it has from others; our own are known better here. Beside them
    the silences it keeps."""

    name = f"{NAME}.alerts"
    target = NAME
    signals = (_UP,)

    def __init__(
        self, section: Alertmanager, http: HttpClient, clock: Clock, environment: str,
        table: Mapping[str, Severity],
    ) -> None:  # fmt: skip
        self.interval = section.interval
        self.deadline = section.timeout
        self._environment = environment
        self._http = http
        self._clock = clock
        self._table = table

    async def read(self) -> Sample:
        found = json_of(await self._http.get(PATH))
        if not isinstance(found, list):
            raise ProbeFailure("bad answer", "JSON, but no array of alerts")
        now = self._clock.now()
        given = [one for one in found if isinstance(one, dict)]
        known = await silences.listed(self._http)
        kept = {id: silences.as_ours(id, one) for id, one in known.items()
                if silences.ours(one) is None}  # fmt: skip
        mutes = _mutes(given, kept, now)
        alerts: dict[tuple[str, str], Alert] = {}
        muted: dict[tuple[str, str], Silence] = {}
        for one in given:
            mute, labels = mutes.get(str(one.get("fingerprint"))), texts(one.get("labels"))
            if labels.get("source") == OURS:
                if mute is not None and labels.get("environment") == self._environment:
                    muted[labels.get("alertname", ""), labels.get("target", "")] = mute
                continue
            told = Told(labels, one.get("annotations") or {}, "firing",
                        moment(one.get("startsAt")) or now)  # fmt: skip
            if (alert := alert_of(told, NAME, self._table)) is not None:
                key = (alert.name, alert.target)
                alerts.setdefault(key, replace(alert, silence=mute))
        up = Reading(target=NAME, signal=_UP.name, value=1.0, observed_at=now,
                     source=f"GET {self._http.peer}{PATH}")  # fmt: skip
        return Sample(readings=[up], alerts=list(alerts.values()), muted=muted,
                      silences=list(kept.values()))  # fmt: skip


def _mutes(
    given: Sequence[Mapping[str, Any]], kept: Mapping[str, Silence], now: float
) -> dict[str, Silence]:
    """What mutes each alert there, by its fingerprint, but silences that we put there."""
    found = {}
    for one in given:
        if pick(one, "status.state") != "suppressed":
            continue
        by = pick(one, "status.silencedBy")
        theirs = [kept[id] for id in map(str, by if isinstance(by, list) else ()) if id in kept]
        if theirs or pick(one, "status.inhibitedBy"):
            found[str(one.get("fingerprint"))] = (theirs or [silences.inhibited(one, now)])[0]
    return found


class AlertmanagerReceiver(Receiver):
    """``POST /api/v2/alerts``: all of ours that fires, again and again, and the watchdog; with the
    silences that mute it here, so that nobody is called by the other way either."""

    name = NAME
    folded = False
    repeat = REPEAT
    hears = frozenset({NAME, "prometheus"})

    def __init__(self, http: HttpClient, clock: Clock, environment: str) -> None:
        self._http = http
        self._clock = clock
        self._environment = environment
        self._mirror = silences.Mirror(http, environment)

    async def send(self, messages: Sequence[Message]) -> None:
        now = self._clock.now()
        body = [self._body(message, now) for message in messages]
        failure = await self._silences(self._mirror.put, messages)
        await self._http.send("POST", PATH, json=body, repeatable=True)
        failure = failure or await self._silences(self._mirror.end, messages)
        if failure is not None:
            raise ProbeFailure(failure.kind, f"alerts arrived, silences not: {failure.detail}")

    async def _silences(
        self, work: Callable[[Sequence[Alert]], Awaitable[None]], messages: Sequence[Message]
    ) -> ProbeFailure | None:
        """Whatever becomes of silences, alerts are told."""
        try:
            await work([message.alert for message in messages if message.what != "over"])
        except ProbeFailure as failure:
            return failure
        return None

    def _body(self, message: Message, now: float) -> dict[str, Any]:
        alert = message.alert
        labels = {
            "alertname": alert.name, "severity": LABEL_OF[alert.severity],
            "priority": alert.severity, "environment": self._environment, "source": OURS,
        }  # fmt: skip
        if alert.target:
            labels["target"] = alert.target
        annotations = {"summary": alert.summary}
        if alert.caused_by:
            annotations["caused_by"] = alert.caused_by
        if alert.ack is not None:
            annotations["acknowledged_by"] = alert.ack.by
        holds = HOLDS if alert.target else WATCHDOG_HOLDS
        ends = now if message.what == "over" else now + holds
        return {"labels": labels, "annotations": annotations, "startsAt": rfc3339(message.since),
                "endsAt": rfc3339(ends)}  # fmt: skip


def connect(environment: Environment, context: Context) -> System | None:
    """Connect, or ``None`` where the section is absent or still holds a placeholder."""
    section = environment.alertmanager
    if section is None or is_placeholder(section.url):
        return None
    http = http_of(section, context)
    own = environment.alerts.severity
    tell = AlertmanagerReceiver(http, context.clock, context.environment)
    return System(
        name=NAME,
        targets=(Target(name=NAME, kind=NAME, title="Alertmanager"),),
        probes=(AlertsProbe(section, http, context.clock, context.environment, own),),
        receivers=(tell,) if section.send and environment.access == "operate" else (),
        close=http.close,
        silencer=silences.Theirs(http) if environment.access == "operate" else None,
    )
