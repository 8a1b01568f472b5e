"""Messages to people: what arrives by mail, once, and a receiver that hangs keeps nobody."""

from __future__ import annotations

import asyncio
import email.policy
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

import pytest

from ainur_tui.config.types import Notify
from ainur_tui.model.alert import Alert
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.systems.notify.heard import listening
from ainur_tui.systems.notify.system import AppriseReceiver
from ainur_tui.systems.telling import Message
from tests.engine.engines import until
from tests.systems.web import raw_server

DOWN = Alert(name="ApiDown", target="api", state="firing", severity="P1", since=1_795_000_000.0,
             summary="api: <img src=//evil/x> & *down*")  # fmt: skip
SLOW = Alert(name="Slow", target="db", state="resolved", severity="P2", since=1_795_000_000.0,
             summary="slow")  # fmt: skip


@asynccontextmanager
async def mail(got: list[EmailMessage]) -> AsyncIterator[AppriseReceiver]:
    """A receiver whose mail server is here (RFC 5321, as much of it as a message needs)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while word := (await reader.readline())[:4].upper().strip():
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
                made = email.message_from_bytes(raw, policy=email.policy.default)
                assert isinstance(made, EmailMessage)
                got.append(made)
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")

    async with raw_server(serve) as place:
        address = f"mailto://{place}?from=ops@here.example&to=mira@here.example&mode=insecure"
        yield AppriseReceiver("mail", Notify(send_to="x"), Secret(address), "production")


async def test_one_mail_a_message_as_text_whatever_the_alert_says() -> None:
    got: list[EmailMessage] = []
    async with mail(got) as receiver:
        await receiver.send([Message(DOWN, "fires", DOWN.since, 2)])
        await receiver.send([Message(SLOW, "over", SLOW.since)])
        await receiver.send([Message(DOWN, "fires", DOWN.since), Message(SLOW, "over", SLOW.since)])
    assert [one["subject"] for one in got] == [
        "production: P1 ApiDown on api fires", "production: P2 Slow on db over",
        "production: 1 alert firing, worst P1; 1 over",
    ]  # fmt: skip
    assert (got[0]["from"], got[0]["to"]) == ("ops@here.example", "mira@here.example")
    assert got[0].get_content_type() == "text/plain", "HTML would be the alert's, not ours"
    assert got[0].get_content().strip() == (
        "P1 ApiDown on api fires: api: <img src=//evil/x> & *down* (+2 symptoms), "
        "since 2026-11-18 11:06:40 UTC"
    )
    assert len(got[2].get_content().strip().splitlines()) == 2


def receiver(address: str) -> AppriseReceiver:
    return AppriseReceiver("x", Notify(send_to="x"), Secret(address), "production")


async def test_a_mail_server_that_is_not_there_is_a_failure_of_its_own() -> None:
    nobody = receiver("mailto://127.0.0.1:1?from=a@b.example&to=c@d.example&mode=insecure")
    with pytest.raises(ProbeFailure, match="not taken there: Connection error while submitting"):
        await nobody.send([Message(DOWN, "fires", DOWN.since)])


async def test_why_a_webhook_refuses_is_told_and_nothing_of_its_address() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 no\r\ncontent-length: 0\r\n\r\n")

    async with raw_server(refuse) as place:
        hook = receiver(f"json://mira:canarypass@{place}/canarytoken")
        with pytest.raises(ProbeFailure, match=r"error=401") as failure:
            await hook.send([Message(DOWN, "fires", DOWN.since)])
    for secret in ("canarypass", "canarytoken", place):
        assert secret not in str(failure.value)


def test_what_the_library_says_of_its_address_is_hidden() -> None:
    with listening() as heard:
        logging.getLogger("apprise").warning("no /canary-token/ of mira:pass@hook.example: 403.")
        address = Secret("json://mira:pass@hook.example/canary-token")
        assert heard.told(address) == "no /…/ of mira:pass@…: 403"


class Slow(AppriseReceiver):
    """Its library takes its time."""

    def __init__(self) -> None:
        super().__init__("slow", Notify(send_to="x"), Secret("json://x"), "production")
        self.sent: list[str] = []
        self.go = threading.Event()

    def _send(self, title: str, body: str) -> None:
        self.go.wait(60)
        if body == "refused":
            raise ProbeFailure("unavailable", "it was not taken there")
        self.sent.append(body)


async def given_up(work: Callable[[], Any]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await work()


async def test_what_arrives_late_is_not_sent_again() -> None:
    slow = Slow()
    await given_up(lambda: slow.write("t", "one"))
    with pytest.raises(ProbeFailure, match="the message before"):
        await slow.write("t", "two")
    assert threading.active_count() < 20
    slow.go.set()
    await slow.write("t", "one")
    await slow.write("t", "two")
    assert slow.sent == ["one", "two"]
    await slow.write("t", "two")
    assert slow.sent == ["one", "two", "two"], "a reminder is a message of its own"


async def test_what_failed_after_somebody_gave_up_is_sent_again() -> None:
    slow = Slow()
    await given_up(lambda: slow.write("t", "refused"))
    slow.go.set()
    await until(lambda: slow._under_way and slow._under_way.done())
    with pytest.raises(ProbeFailure, match="not taken"):
        await slow.write("t", "refused")
    await slow.write("t", "two")
    assert slow.sent == ["two"]


async def test_one_that_hangs_keeps_no_process_that_leaves() -> None:
    asked = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with raw_server(hang) as place:
        before = set(threading.enumerate())
        hook = asyncio.create_task(receiver(f"json://{place}/x").write("t", "b"))
        await asked.wait()
        hook.cancel()
        new = set(threading.enumerate()) - before
        assert new
        assert all(thread.daemon for thread in new), new
