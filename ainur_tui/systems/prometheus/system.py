"""A Prometheus as one system."""

from __future__ import annotations

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment
from ainur_tui.model.target import Target
from ainur_tui.systems.alertjudge import http_of
from ainur_tui.systems.base import Context, Probe
from ainur_tui.systems.prometheus.client import PrometheusClient
from ainur_tui.systems.prometheus.probes import NAME, PromqlProbe, RulesProbe
from ainur_tui.systems.prometheus.targets import TargetsProbe
from ainur_tui.systems.rulebook import rulebook
from ainur_tui.systems.system import System


def connect(environment: Environment, context: Context) -> System | None:
    """Connect, or ``None`` where the section is absent or still holds a placeholder."""
    section = environment.prometheus
    if section is None or is_placeholder(section.url):
        return None
    client = PrometheusClient(http_of(section, context), section.timeout)
    own = environment.alerts
    probes: list[Probe] = [RulesProbe(section, client, context.clock, own.severity)]
    if prom := rulebook(own, prometheus=True).prom:
        probes.append(PromqlProbe(section, client, context.clock, list(prom.values())))
    probes.append(TargetsProbe(section, client, context.clock))
    return System(
        name=NAME,
        targets=(Target(name=NAME, kind=NAME, title="Prometheus"),),
        probes=tuple(probes),
        close=client.close,
        series=client,
    )
