"""Acknowledging and silencing: on the record, over restarts, and no change of the judging."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ainur_tui.engine.alerts.attention import Attention
from ainur_tui.engine.journal import Journal
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.alert import Alert
from ainur_tui.model.alertcalls import AckCall, SilenceCall
from ainur_tui.model.event import Event
from ainur_tui.model.failure import Refused
from ainur_tui.model.secret import Redactor, Secret
from tests.engine.warp import HandClock

MIRA, NIKO = Peer("mira", "operate"), Peer("niko", "operate")
DOWN = Alert(name="ApiDown", target="api", state="firing", severity="P1", since=1.0, summary="")
SLOW = Alert(name="Slow", target="api/machine/1", state="firing", severity="P3", since=1.0,
             summary="")  # fmt: skip
OVER = Alert(name="ApiDown", target="api", state="resolved", severity="P1", since=2.0, summary="")


class House:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock()
        self.events: list[Event] = []
        self.redact = Redactor([Secret("hunter22")])
        self.journal = Journal(folder / "j", folder / "h", clock=self.clock, redact=self.redact)
        self.attention = self.fresh()

    def fresh(self) -> Attention:
        made = Attention(self.folder / "a.json", self.journal, self.clock, self.redact,
                         self.events.append)  # fmt: skip
        assert made.load() is None
        return made

    def mark(self, *alerts: Alert) -> list[Alert]:
        return self.attention.mark(alerts, self.clock.now())

    async def silence(self, **fields: Any) -> Any:
        given: dict[str, Any] = {"name": "ApiDown", "reason": "a drill", "seconds": 60.0}
        return await self.attention.silence(SilenceCall(**(given | fields)), MIRA, [DOWN, SLOW])


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.journal.open()
    yield made
    made.journal.close()


async def test_an_acknowledgement_has_an_owner_and_ends_with_its_alert(house: House) -> None:
    call = AckCall(name="ApiDown", target="api", comment="on it, hunter22")
    assert (await house.attention.ack(call, MIRA, [DOWN])).ack is not None
    ack = house.mark(DOWN)[0].ack
    assert ack is not None
    assert (ack.by, "hunter22" in ack.comment) == ("mira", False)
    assert house.mark(SLOW, DOWN)[0].ack is None, "it is of that alert alone"
    house.mark(OVER)
    assert house.mark(DOWN)[0].ack is None, "the next time is another alert"
    entries = await house.journal.entries()
    assert [(e.action, e.state, e.operator) for e in entries] == [
        ("alerts", "acknowledged", "mira")
    ]
    (told,) = house.events
    assert told.text.startswith("mira is on P1 ApiDown: on it, ")
    assert "hunter22" not in told.text


async def test_it_outlives_the_engine_and_runs_out(house: House) -> None:
    await house.attention.ack(AckCall(name="ApiDown", target="api", seconds=60), MIRA, [DOWN])
    house.attention = house.fresh()
    house.mark()  # nothing was read yet: that is no end
    assert house.mark(DOWN)[0].ack is not None
    house.clock.go(61)
    assert house.mark(DOWN)[0].ack is None
    await house.attention.keep()
    assert house.fresh().acks() == []


async def test_somebody_else_takes_over_and_the_owner_gives_it_back(house: House) -> None:
    call = AckCall(name="ApiDown", target="api")
    await house.attention.ack(call, MIRA, [DOWN])
    await house.attention.ack(call, NIKO, house.mark(DOWN))
    ack = house.mark(DOWN)[0].ack
    assert ack is not None
    assert ack.by == "niko"
    back = AckCall(name="ApiDown", target="api", withdraw=True)
    await house.attention.ack(back, NIKO, house.mark(DOWN))
    assert house.mark(DOWN)[0].ack is None
    with pytest.raises(Refused, match="nobody has acknowledged"):
        await house.attention.ack(back, NIKO, house.mark(DOWN))
    with pytest.raises(Refused, match="no alert Nothing on api"):
        await house.attention.ack(AckCall(name="Nothing", target="api"), NIKO, [DOWN])


async def test_a_silence_says_what_it_would_mute_before_it_does(house: House) -> None:
    would = await house.silence(name="", target="api", dry=True, reason="", seconds=0.0)
    assert (would.silence, [one.name for one in would.mutes]) == (None, ["ApiDown", "Slow"])
    assert house.mark(DOWN)[0].silence is None
    made = await house.silence()
    muted = house.mark(DOWN, SLOW)
    assert (muted[0].silence, muted[1].silence) == (made.silence, None)
    assert muted[0].state == "firing", "it is judged as ever"


async def test_what_comes_back_tells_what_had_muted_it(house: House) -> None:
    await house.silence()
    house.clock.go(61)
    back = house.mark(DOWN)[0]
    assert back.silence is None
    assert back.was_silenced is not None
    assert back.was_silenced.reason == "a drill"
    (view,) = house.attention.silences([back])
    assert (view.over, view.mutes) == (True, 0)
    house.clock.go(86_400)
    assert house.mark(DOWN)[0].was_silenced is None


async def test_silences_are_longer_or_ended_and_counted(house: House) -> None:
    made = (await house.silence()).silence
    await house.silence(target="db", name="Other", seconds=30)
    views = house.attention.silences(house.mark(DOWN))
    assert [(v.silence.name, v.mutes) for v in views] == [("Other", 0), ("ApiDown", 1)]
    longer = await house.silence(id=made.id, seconds=7200.0, reason="")
    assert (longer.silence.until, longer.silence.reason) == (house.clock.now() + 7200, "a drill")
    await house.attention.end(made.id, NIKO)
    assert house.mark(DOWN)[0].silence is None
    with pytest.raises(Refused, match="no silence"):
        await house.attention.end(made.id, NIKO)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"reason": " "}, "needs a reason"),
        ({"seconds": 0.0}, "needs an end"),
        ({"seconds": 1e9}, "30 days"),
        ({"name": "*", "target": ""}, "not everything"),
        ({"id": "nothing"}, "no silence"),
    ],
)
async def test_a_silence_without_reason_end_or_match_is_refused(
    house: House, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        await house.silence(**fields)
    assert house.attention.silences([]) == []


async def test_a_file_that_cannot_be_used_mutes_nothing_and_says_so(house: House) -> None:
    await house.silence()
    path = house.folder / "a.json"
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"{")
    made = Attention(path, house.journal, house.clock, house.redact, house.events.append)
    assert "no alert is silenced" in str(made.load())
    assert made.mark([DOWN], house.clock.now())[0].silence is None
