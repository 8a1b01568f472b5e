"""An Alertmanager (API v2) as one system: read, and told of our alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Alertmanager, Environment
from ainur_tui.model.alert import Alert, Severity, Silence
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.target import Target
from ainur_tui.model.units import rfc3339
from ainur_tui.systems.alertlabels import OURS, Told, alert_of, moment, texts
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
_LABEL: dict[Severity, str] = {
    "P1": "critical", "P2": "critical", "P3": "warning", "P4": "info",
}  # fmt: skip
_UP = Signal(name="alertmanager.up", title="Alertmanager", unit="bool", worse="below", fail=1.0,
             vital=True)  # fmt: skip


class AlertsProbe(Probe):
    """``GET /api/v2/alerts``: what it has from others; our own are known better here."""

    name = f"{NAME}.alerts"
    target = NAME
    signals = (_UP,)

    def __init__(
        self, section: Alertmanager, http: HttpClient, clock: Clock, table: Mapping[str, Severity]
    ) -> None:
        self.interval = section.interval
        self.deadline = section.timeout
        self._http = http
        self._clock = clock
        self._table = table

    async def read(self) -> Sample:
        found = json_of(await self._http.get(PATH))
        if not isinstance(found, list):
            raise ProbeFailure("bad answer", "JSON, but no array of alerts")
        now = self._clock.now()
        alerts: dict[tuple[str, str], Alert] = {}
        for one in found:
            alert = self._alert(one, now) if isinstance(one, dict) else None
            if alert is not None:
                alerts.setdefault((alert.name, alert.target), alert)
        up = Reading(target=NAME, signal=_UP.name, value=1.0, observed_at=now,
                     source=f"GET {self._http.peer}{PATH}")  # fmt: skip
        return Sample(readings=[up], alerts=list(alerts.values()))

    def _alert(self, one: Mapping[str, Any], now: float) -> Alert | None:
        labels = texts(one.get("labels"))
        if labels.get("source") == OURS:
            return None
        told = Told(labels, one.get("annotations") or {}, "firing",
                    moment(one.get("startsAt")) or now)  # fmt: skip
        alert = alert_of(told, NAME, self._table)
        if alert is None or pick(one, "status.state") != "suppressed":
            return alert
        by = "inhibited by another" if pick(one, "status.inhibitedBy") else "silenced"
        mute = Silence(
            id=NAME, name=alert.name, target=alert.target, by=NAME, at=alert.since,
            reason=f"{by} in the Alertmanager", until=moment(one.get("endsAt")) or now,
        )  # fmt: skip
        return replace(alert, silence=mute)


class AlertmanagerReceiver(Receiver):
    """``POST /api/v2/alerts``: all of ours that fires, again and again, and the watchdog."""

    name = NAME
    folded = False
    repeat = REPEAT

    def __init__(self, http: HttpClient, clock: Clock, environment: str) -> None:
        self._http = http
        self._clock = clock
        self._environment = environment

    async def send(self, messages: Sequence[Message]) -> None:
        now = self._clock.now()
        body = [self._body(message, now) for message in messages]
        await self._http.send("POST", PATH, json=body, repeatable=True)

    def _body(self, message: Message, now: float) -> dict[str, Any]:
        alert = message.alert
        labels = {
            "alertname": alert.name, "severity": _LABEL[alert.severity],
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
    token = None if section.token is None else context.secret(section.token)
    http = HttpClient(
        section.url, clock=context.clock, redact=context.redact, deadline=section.timeout * 0.95,
        headers={"authorization": Secret(f"Bearer {token.reveal()}")} if token else None,
    )  # fmt: skip
    own = environment.alerts.severity
    tell = AlertmanagerReceiver(http, context.clock, context.environment)
    return System(
        name=NAME,
        targets=(Target(name=NAME, kind=NAME, title="Alertmanager"),),
        probes=(AlertsProbe(section, http, context.clock, own),),
        receivers=(tell,) if section.send and environment.access == "operate" else (),
        close=http.close,
    )
