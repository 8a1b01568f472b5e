"""The frontend as one system."""

from __future__ import annotations

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment
from ainur_tui.model.target import Target
from ainur_tui.systems.base import Context, Probe
from ainur_tui.systems.certificateprobe import CertificateProbe
from ainur_tui.systems.certificates import Host
from ainur_tui.systems.dns import Resolver
from ainur_tui.systems.frontend.issuance import IssuanceProbe, can_be_asked
from ainur_tui.systems.frontend.probe import FrontendProbe
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.system import System


def connect(environment: Environment, context: Context) -> System | None:
    """Connect, or ``None`` where the section is absent or still holds a placeholder."""
    frontend = environment.frontend
    if frontend is None or is_placeholder(frontend.url):
        return None
    client = HttpClient(
        frontend.url, clock=context.clock, redact=context.redact, deadline=frontend.timeout * 0.95,
        ca_file=frontend.authority,
    )  # fmt: skip
    probes: list[Probe] = [FrontendProbe(frontend, client)]
    if host := Host.of(frontend.url, frontend.authority):
        probes.append(
            CertificateProbe(
                "frontend.certificate", frontend, host, context.clock,
                days="frontend.certificate.days", trusted="frontend.certificate.trusted",
            )
        )  # fmt: skip
        if can_be_asked(host):
            probes.append(IssuanceProbe(frontend, host, context.clock, Resolver()))
    return System(
        name="frontend",
        targets=(Target(name="frontend", kind="frontend", title="Frontend"),),
        probes=tuple(probes),
        close=client.close,
    )
