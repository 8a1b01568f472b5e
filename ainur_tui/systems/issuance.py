"""Whether another certificate can be issued for a host: where its name leads, and whom its CAA
records let issue. A renewal that fails at night fails of one of the two."""

from __future__ import annotations

from ainur_tui.config.systems import Web
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.text import clean
from ainur_tui.systems import caa
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.certificates import Host, shown
from ainur_tui.systems.dns import Resolver, is_address, unresolvable

INTERVAL = 600.0


def can_be_asked(host: Host) -> bool:
    """Whether there is a name whose records could be asked for."""
    return not is_address(host.name) and "." in host.name and not unresolvable(host.name)


class IssuanceProbe(Probe):
    """Asks this machine's resolver, seldom; a playbook asks at once."""

    def __init__(
        self, target: str, section: Web, host: Host, clock: Clock, resolver: Resolver
    ) -> None:
        self.target = target
        self.name = f"{self.target}.issuance"
        self.interval, self.deadline = max(section.interval, INTERVAL), section.timeout
        self._issuable = Signal(
            name=f"{self.target}.certificate.issuable", title="Can be issued again", unit="bool",
            worse="below", warn=1.0, trouble="no other certificate can be issued",
        )  # fmt: skip
        self.signals = (self._issuable,)
        self._host = host
        self._clock = clock
        self._resolver = resolver

    async def read(self) -> Sample:
        value, note = await self._look()
        reading = Reading(
            target=self.target, signal=self._issuable.name, value=value, note=clean(note, 200),
            observed_at=self._clock.now(), source=f"DNS of {self._host.name}",
        )  # fmt: skip
        return Sample(readings=[reading])

    async def _look(self) -> tuple[float | None, str]:
        host = self._host.name
        addresses = await self._resolver.addresses(host, self.deadline * 0.3)
        leads = f"{host} leads to {', '.join(addresses[:3])}"
        try:
            allowed = await caa.issuers(host, self.deadline * 0.3)
            seen = (await shown(self._host)).certificate
        except ProbeFailure as failure:
            return None, f"{leads}; {failure.detail}"
        issuer = seen.issuer if seen is not None else "its issuer, not known,"
        told = caa.words(allowed)
        if caa.lets(allowed, issuer) is False:
            return 0.0, f"{told}, which {issuer} is not: add it to the CAA records of {host}"
        return 1.0, f"{leads}; {told}"
