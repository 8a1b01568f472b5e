"""Who is told what and when: folded for people, all of it for an Alertmanager, on the record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ainur_tui.engine.alerts.notifier import WATCHDOG, Notifier
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.history.history import History
from ainur_tui.model.alert import Ack, Alert
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.hours import Hours
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.severity import LEVELS
from ainur_tui.systems.telling import Message, Receiver
from tests.engine.engines import until


def alert(name: str, target: str = "api", **more: Any) -> Alert:
    fields: dict[str, Any] = {"state": "firing", "severity": "P2", "since": 5.0, "summary": "s"}
    return Alert(name=name, target=target, **(fields | more))


DB, API = alert("Db", "db"), alert("Api", severity="P1", caused_by="db")


class People(Receiver):
    name = "oncall"
    severities = frozenset({"P1", "P2"})

    def __init__(self) -> None:
        self.got: list[tuple[str, str, int]] = []
        self.failure: ProbeFailure | None = None
        self.hold = asyncio.Event()
        self.hold.set()

    async def send(self, messages: Sequence[Message]) -> None:
        await self.hold.wait()
        if self.failure:
            raise self.failure
        self.got += [(m.alert.name, m.what, m.symptoms) for m in messages]


class Machine(People):
    name = "alertmanager"
    folded = False
    repeat = 60.0
    severities = frozenset({"P1", "P2", "P3", "P4"})
    hears = frozenset({"alertmanager"})


def notifier(history: History, *receivers: Receiver) -> Notifier:
    redact = Redactor([Secret("hunter22")])
    return Notifier(receivers, LEVELS, SystemClock(), history, redact)


def told(made: Notifier, receiver: Receiver, at: float, *alerts: Alert) -> list[tuple[str, str]]:
    """What is due at a moment, taken as delivered."""
    made.take(alerts)
    due = made.due(receiver, at)
    made._remember(receiver, due, at)
    return [(one.alert.name, one.what) for one in due]


async def opened(path: Path | None) -> History:
    history = History(path, SystemClock())
    await history.open()
    return history


async def test_people_hear_of_a_cause_once_then_at_the_response_time() -> None:
    history = await opened(None)
    people = People()
    made = notifier(history, people)
    assert told(made, people, 100, DB, API) == [("Db", "fires")]
    assert told(made, people, 200, DB, API) == []
    assert told(made, people, 100 + 3600, DB, API) == [("Db", "still fires")]
    taken = alert("Db", "db", ack=Ack(by="mira", comment="", at=0))
    assert told(made, people, 9000, taken, API) == [], "somebody is on it, and it is not over"
    assert told(made, people, 9100) == [("Db", "over")]
    assert told(made, people, 9200, alert("Little", severity="P3")) == []
    await history.close()


async def test_outside_their_hours_people_hear_of_the_worst_only() -> None:
    history = await opened(None)
    people = People()
    people.hours = Hours.parse("Mon-Fri 08:00-20:00", UTC)
    made = notifier(history, people)

    def at(text: str) -> float:
        return datetime.fromisoformat(f"{text}:00+00:00").timestamp()

    little, more = alert("Little", "node"), alert("More", "storage")
    evening, night, morning = (at(f"2026-11-30T{one}") for one in ("19:59", "20:00", "08:00"))
    assert told(made, people, evening, little) == [("Little", "fires")]
    assert told(made, people, night, DB, more) == [], "an end can wait, and so can a P2"
    (quiet,) = made.quiet(night)
    assert (quiet.channel, quiet.always, quiet.waiting) == ("oncall", ["P1"], 2)
    assert quiet.until == at("2026-12-01T08:00")
    assert told(made, people, night + 60, DB, more, API) == [("Db", "fires")], "it takes a P1 along"
    assert told(made, people, night + 9000, DB, more, API) == [("Db", "still fires")]
    assert told(made, people, night + 9999, more) == [("Db", "over")], "told by night, ended too"
    assert sorted(told(made, people, morning + 86_400, more)) == [
        ("Little", "over"), ("More", "fires"),
    ], "in one message"  # fmt: skip
    assert made.quiet(morning) == []
    assert told(made, people, morning + 86_460) == [("More", "over")]
    gone = alert("Gone", "host")
    assert told(made, people, night + 86_400, gone) == []
    assert told(made, people, morning + 2 * 86_400) == [], "what was over by then is not told"
    await history.close()


async def test_who_wants_no_end_is_told_of_the_next_beginning() -> None:
    history = await opened(None)
    people = People()
    people.resolved = False
    made = notifier(history, people)
    assert [told(made, people, at, *alerts) for at, alerts in ((1, [DB]), (2, []), (3, [DB]))] == [
        [("Db", "fires")], [], [("Db", "fires")],
    ]  # fmt: skip
    await history.close()


async def test_an_alertmanager_hears_everything_again_and_again_and_the_watchdog() -> None:
    history = await opened(None)
    machine = Machine()
    made = notifier(history, machine)
    foreign = alert("Theirs", origin="alertmanager")
    found = told(made, machine, 100, DB, API, alert("Soon", state="pending"), foreign)
    assert sorted(found) == [("Api", "fires"), ("Db", "fires"), (WATCHDOG, "fires")]
    assert told(made, machine, 130, DB, API) == []
    assert sorted(told(made, machine, 161, DB)) == [
        ("Api", "over"), ("Db", "still fires"), (WATCHDOG, "still fires"),
    ]  # fmt: skip
    taken = alert("Db", "db", ack=Ack(by="mira", comment="", at=0))
    assert told(made, machine, 162, taken) == [("Db", "still fires")], "it hears at once"
    assert told(made, machine, 163, taken) == []
    await history.close()


async def test_deliveries_are_on_the_record_and_a_failure_is_told_and_mended(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("ainur_tui.engine.alerts.notifier.AGAIN", (0.01,))
    history = await opened(tmp_path / "h.sqlite")
    people = People()
    people.failure = ProbeFailure("refused", "hunter22 at 10.0.0.1")
    made = notifier(history, people)
    await made.start()
    made.take([DB, API])
    await until(made.problems)
    assert "alerts do not reach oncall: nothing listens there" in made.problems()[0]
    assert "hunter22" not in made.problems()[0]
    people.failure = None
    await until(lambda: people.got)
    assert people.got == [("Db", "fires", 1)]
    await until(lambda: not made.problems())
    assert [made.deliveries[0].ok, made.deliveries[-1].ok] == [False, True]
    await made.stop()
    again = notifier(history, people)
    await again.start()
    again.take([DB, API])
    await until(lambda: not again._news["oncall"].is_set())
    assert again.deliveries == made.deliveries
    assert again.due(people, SystemClock().now()) == [], "the last engine told it already"
    await again.stop()
    await history.close()


async def test_a_receiver_that_hangs_keeps_nobody() -> None:
    history = await opened(None)
    slow, quick = People(), Machine()
    slow.hold.clear()
    made = notifier(history, slow, quick)
    await made.start()
    made.take([DB])
    await until(lambda: quick.got)
    made.take([DB, API])
    await until(lambda: ("Api", "fires", 0) in quick.got)
    assert slow.got == []
    await made.stop()
    await history.close()
