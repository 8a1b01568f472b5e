"""The API service as one system."""

from __future__ import annotations

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment, SecretMissing
from ainur_tui.model.target import Target
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.api.debug import DebugProbe
from ainur_tui.systems.api.health import HealthProbe
from ainur_tui.systems.api.names import NamesProbe
from ainur_tui.systems.api.profile import Profile
from ainur_tui.systems.api.services import ServicesProbe
from ainur_tui.systems.api.traffic import TrafficProbe
from ainur_tui.systems.base import Context
from ainur_tui.systems.dns import Resolver
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.roster import Roster
from ainur_tui.systems.handshakes import handshakes
from ainur_tui.systems.system import System


def connect(environment: Environment, context: Context) -> System | None:
    """Connect, or ``None`` where the section is absent or still holds a placeholder.

    With a usable ``fly`` section each machine is asked by itself; without one, whichever answers.
    """
    api, fly = environment.api, environment.fly
    if api is None or is_placeholder(api.url):
        return None
    client = ApiClient(api, clock=context.clock, redact=context.redact)
    platform: FlyClient | None = None
    if fly is not None and not is_placeholder(fly.app):
        try:
            token = context.secret(fly.token)
            platform = FlyClient(fly, token, clock=context.clock, redact=context.redact)
        except SecretMissing:
            platform = None  # the fly system itself says what is missing
    roster = Roster(platform, context.clock) if platform else None

    async def close() -> None:
        await client.close()
        if platform is not None:
            await platform.close()

    return System(
        name="api",
        targets=(Target(name="api", kind="api", title="API"),),
        probes=(
            HealthProbe(api, client, context.clock, context.redact),
            TrafficProbe(
                api, client, context.clock, roster, parts=not (fly and fly.prometheus_url)
            ),
            ServicesProbe(api, client, context.clock, context.redact),
            DebugProbe(api, client, context.clock),
            NamesProbe(api, environment.frontend, platform, context.clock, Resolver()),
            *handshakes("api", api.url, api, context.clock),
        ),
        actions=(Profile(api, context),),
        close=close,
    )
