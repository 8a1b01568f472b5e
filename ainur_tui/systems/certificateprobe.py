"""A host's certificate: when it ends, who issued it, and whether browsers take it."""

from __future__ import annotations

from ainur_tui.config.systems import Web
from ainur_tui.model.event import Event
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Cell, Column, Row, Table
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock as moment
from ainur_tui.model.units import duration
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.certificates import (
    DAY,
    SOON,
    URGENT,
    Certificate,
    Host,
    Shown,
    shown,
    urgency,
)

_COLUMNS = [
    Column(name="hostname", title="Host name", limit=50),
    Column(name="days", title="Left", unit="days"),
    Column(name="browsers", title="Browsers", rank=1),
    Column(name="expires", title="Ends", unit="time", rank=1),
    Column(name="issuer", title="Issuer", rank=2, limit=30),
    Column(name="names", title="Is for", rank=3, limit=60),
    Column(name="begins", title="Began", unit="time", rank=4),
    Column(name="number", title="Number", rank=5),
]


class CertificateProbe(Probe):
    """A handshake of its own each time: a kept connection goes on with the certificate it began
    with, and would tell neither its end nor a new one."""

    def __init__(self, target: str, section: Web, host: Host, clock: Clock) -> None:
        self.target = target
        self.name = f"{self.target}.certificate"
        self.interval, self.deadline = section.interval, section.timeout
        self._days = Signal(name=f"{self.target}.certificate.days", title="Certificate",
                            unit="days", worse="below", warn=SOON, fail=URGENT)  # fmt: skip
        # No thresholds: what is not served over a refused certificate is a trouble by itself.
        self._trusted = Signal(
            name=f"{self.target}.certificate.trusted", title="Certificate accepted", unit="bool",
            worse="below",
        )  # fmt: skip
        self.signals = (self._days, self._trusted)
        self._host = host
        self._clock = clock
        self._before: Certificate | None = None

    async def read(self) -> Sample:
        found, now = await shown(self._host), self._clock.now()
        certificate = found.certificate

        def reading(signal: Signal, value: float | None, note: str) -> Reading:
            return Reading(
                target=self.target, signal=signal.name, value=value, observed_at=now, note=note,
                source=f"TLS handshake with {self._host.name}:{self._host.port}",
            )  # fmt: skip

        days = None if certificate is None else (certificate.ends - now) / DAY
        return Sample(
            readings=[
                reading(self._days, days, life(certificate, now)),
                reading(self._trusted, float(found.refused is None), found.refused or "taken"),
            ],
            tables=[self._table(found, days, now)],
            events=self._renewed(certificate, now),
        )

    def _table(self, found: Shown, days: float | None, now: float) -> Table:
        one = found.certificate
        tone = urgency(days) if found.refused is None else "fail"
        browsers = "take it" if found.refused is None else f"refuse it: {found.refused}"
        rest: list[Cell] = [None] * 5
        if one is not None:
            rest = [one.ends, one.issuer, ", ".join(one.names), one.begins, one.number]
        row = Row(key="served", cells=[self._host.name, days, browsers, *rest], tone=tone)
        return Table(
            name=self.name, target=self.target, title="Certificate served",
            columns=_COLUMNS, rows=[row], observed_at=now, interval=self.interval,
            source=f"TLS handshake with {self._host.name}",
        )  # fmt: skip

    def _renewed(self, certificate: Certificate | None, now: float) -> list[Event]:
        """An event when another certificate is served than before."""
        if certificate is None:
            return []
        before, self._before = self._before, certificate
        if before is None or before.number == certificate.number:
            return []
        ends = " → ".join(moment(one.ends, date=True)[:10] for one in (before, certificate))
        text = f"another certificate of {self._host.name}: ends {ends}, by {certificate.issuer}"
        return [Event(key=f"tls:{self._host.name}:{certificate.number}:{now:.0f}", at=now,
                      kind="certificate", target=self.target, text=clean(text, 200))]  # fmt: skip


def life(certificate: Certificate | None, now: float) -> str:
    """When it ends or ended and who issued it, as a sentence."""
    if certificate is None:
        return "not told"
    left = certificate.ends - now
    how = f"ends in {duration(left)}" if left > 0 else f"ended {duration(-left)} ago"
    on = moment(certificate.ends, date=True)[:16]
    return f"certificate {how}, on {on} UTC; issued by {certificate.issuer}"
