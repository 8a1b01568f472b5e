"""The frontend as one system."""

from __future__ import annotations

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment
from ainur_tui.model.target import Target
from ainur_tui.systems.base import Context
from ainur_tui.systems.frontend.probe import FrontendProbe
from ainur_tui.systems.handshakes import handshakes
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
    return System(
        name="frontend",
        targets=(Target(name="frontend", kind="frontend", title="Frontend"),),
        probes=(
            FrontendProbe(frontend, client),
            *handshakes("frontend", frontend.url, frontend, context.clock),
        ),
        close=client.close,
    )
