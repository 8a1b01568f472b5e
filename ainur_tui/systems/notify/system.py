"""Messages to people through apprise, which knows a hundred ways to reach them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from ainur_tui.config.types import Environment, Notify
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.units import clock as moment
from ainur_tui.systems.base import Context
from ainur_tui.systems.system import System
from ainur_tui.systems.telling import Message, Receiver, Writer

NAME = "notify"
_LONGEST = 20
"""Messages that are sent one by one; more come as one list."""


class AppriseReceiver(Receiver, Writer):
    """One address. Its secret is given to the library and to nobody else."""

    def __init__(self, name: str, section: Notify, address: Secret, environment: str) -> None:
        self.name = name
        self.severities = frozenset(section.severities)
        self.resolved = section.resolved
        self._address = address
        self._environment = environment

    async def send(self, messages: Sequence[Message]) -> None:
        await self.write(self._title(messages), self._body(messages))

    async def write(self, title: str, body: str) -> None:
        # The library waits for its peers in its own way: in a thread it waits for itself.
        await asyncio.to_thread(self._send, title, body)

    def _title(self, messages: Sequence[Message]) -> str:
        if len(messages) > 1:
            worst = min(message.alert.severity for message in messages)
            return f"{self._environment}: {len(messages)} alerts, worst {worst}"
        alert, what = messages[0].alert, messages[0].what
        return f"{self._environment}: {alert.severity} {alert.name} on {alert.target} {what}"

    def _body(self, messages: Sequence[Message]) -> str:
        lines = [_line(message) for message in messages[:_LONGEST]]
        if len(messages) > _LONGEST:
            lines.append(f"and {len(messages) - _LONGEST} more")
        return "\n".join(lines)

    def _send(self, title: str, body: str) -> None:
        try:
            import apprise
        except ImportError:
            raise ProbeFailure(
                "internal", 'apprise is not installed: pip install "ainur-tui[notify]"'
            ) from None
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it may name parts of the address
        channel = apprise.Apprise()
        if not channel.add(self._address.reveal()):
            raise ProbeFailure("internal", "apprise does not know such an address")
        if not channel.notify(body=body, title=title):
            raise ProbeFailure("unavailable", "it was not taken there")


def _line(message: Message) -> str:
    alert = message.alert
    more = f" (+{message.symptoms} symptoms)" if message.symptoms else ""
    said = f"{alert.severity} {alert.name} on {alert.target} {message.what}: {alert.summary}{more}"
    return f"{said}, since {moment(message.since, date=True)} UTC"


def connect(environment: Environment, context: Context) -> System | None:
    """Everybody who is named. A console that only reads calls nobody."""
    sections = environment.alerts.notify if environment.access == "operate" else {}
    return System(
        name=NAME,
        targets=(),
        receivers=tuple(
            AppriseReceiver(name, section, context.secret(section.send_to), context.environment)
            for name, section in sections.items()
        ),
    )
