"""What is looked at of a target that is asked over TLS: its certificate, and the next one."""

from __future__ import annotations

from ainur_tui.config.systems import Web
from ainur_tui.systems.base import Clock, Probe
from ainur_tui.systems.certificateprobe import CertificateProbe
from ainur_tui.systems.certificates import Host
from ainur_tui.systems.dns import Resolver
from ainur_tui.systems.issuance import IssuanceProbe, can_be_asked


def handshakes(target: str, url: str, section: Web, clock: Clock) -> list[Probe]:
    """Probes of the certificate at ``url``; none where that is not asked over TLS."""
    host = Host.of(url, section.authority)
    if host is None:
        return []
    found: list[Probe] = [CertificateProbe(target, section, host, clock)]
    if can_be_asked(host):
        found.append(IssuanceProbe(target, section, host, clock, Resolver()))
    return found
