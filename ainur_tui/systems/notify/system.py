"""Messages to people through apprise, which knows a hundred ways to reach them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.types import Environment, Notify
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.units import clock as moment
from ainur_tui.model.units import many
from ainur_tui.systems.base import Context
from ainur_tui.systems.notify.errand import begun
from ainur_tui.systems.notify.heard import listening
from ainur_tui.systems.system import System
from ainur_tui.systems.telling import Message, Receiver, Writer

NAME = "notify"
_LONGEST = 20
"""Messages that are sent one by one; more come as one list."""


class AppriseReceiver(Receiver, Writer):
    """One address. Its secret is given to the library and to nobody else. One message at a time
    is under way; one that arrives later than somebody waited for it is not sent again."""

    def __init__(self, name: str, section: Notify, address: Secret, environment: str) -> None:
        self.name = name
        self.severities = frozenset(section.severities)
        self.resolved = section.resolved
        self.hours = section.told_in
        self.always = frozenset(section.always)
        self._address = address
        self._environment = environment
        self._text = ("", "")
        self._under_way: asyncio.Future[None] | None = None

    async def send(self, messages: Sequence[Message]) -> None:
        await self.write(self._title(messages), self._body(messages))

    async def write(self, title: str, body: str) -> None:
        sent = self._under_way
        if sent is None or (sent.done() and ((title, body) != self._text or sent.exception())):
            sent = begun(lambda: self._send(title, body), f"notify {self.name}")
            self._text, self._under_way = (title, body), sent
        elif (title, body) != self._text:
            raise ProbeFailure("timeout", "the message before is still under way there")
        await asyncio.shield(sent)
        self._under_way = None

    def _title(self, messages: Sequence[Message]) -> str:
        if len(messages) == 1:
            alert, what = messages[0].alert, messages[0].what
            return f"{self._environment}: {alert.severity} {alert.name} on {alert.target} {what}"
        told = []
        if firing := [one.alert.severity for one in messages if one.what != "over"]:
            told.append(f"{many(len(firing), 'alert')} firing, worst {min(firing)}")
        if over := [one for one in messages if one.what == "over"]:
            told.append(f"{len(over)} over" if firing else f"{many(len(over), 'alert')} over")
        return f"{self._environment}: {'; '.join(told)}"

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
        with listening() as heard:
            # In this thread: one of its own pool would keep a process that leaves.
            asset = apprise.AppriseAsset(async_mode=False)
            asset._service_timeout = 0
            channel = apprise.Apprise(asset=asset)
            if not channel.add(self._address.reveal()):
                raise ProbeFailure("internal", "apprise does not know such an address")
            # As text: an alert's words come from outside, and mail is HTML unless told otherwise.
            if not channel.notify(body=body, title=title, body_format="text"):
                why = heard.told(self._address)
                raise ProbeFailure("unavailable", f"not taken there{': ' if why else ''}{why}")


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
