"""What is asked of an engine about its rules: inventory, doctor, back-test; other judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from ainur_tui.config.types import Alerts, Environment
from ainur_tui.engine.alerts.foreign import Foreign, Told, silenced
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.service import Engine
from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.alertcalls import (
    AckCall,
    AlertRef,
    BacktestCall,
    RuleView,
    SilenceCall,
    UnsilenceCall,
)
from ainur_tui.model.event import Event
from ainur_tui.model.failure import Refused
from ainur_tui.model.signal import Reading
from ainur_tui.systems.rulebook import rulebook
from tests.engine.engines import Little, hello, paths, resolve, until

MIRA, READER = hello(), hello("read")
RULES = """
[[rule]]
name = "Queue"
signal = "api.queue"
threshold = 5
severity = "P2"
summary = "{value} wait"

[[rule]]
name = "Typo"
signal = "api.quee"
threshold = 5
severity = "P2"
summary = "{value} wait"
"""
PROM = "groups: [{name: g, rules: [{alert: Queue, expr: x_total > 5}]}]"


class House:
    def __init__(self, folder: Path) -> None:
        (folder / "mine.toml").write_text(RULES)
        (folder / "their.yml").write_text(PROM)
        (folder / "bad.toml").write_text("rule = 3")
        self.alerts = Alerts(
            rules=[str(folder / name) for name in ("mine.toml", "their.yml", "bad.toml")],
            disabled=["FewAgents"],
        )
        self.little = Little()
        self.little.pulse.queue = 9.0
        self.engine = Engine(
            Environment(name="test", alerts=self.alerts), paths(folder), clock=SystemClock(),
            version="1", resolve_secret=resolve, connect=self.little.connect,
        )  # fmt: skip

    async def call(self, method: str, params: Any = None, who: Any = MIRA) -> Any:
        raw = msgspec.Raw(msgspec.json.encode(params) if params is not None else b"{}")
        return await self.engine.call(method, raw, who)

    async def firing(self) -> None:
        await self.engine.start(watching=True)
        await until(lambda: any(a.name == "Queue" for a in self.engine.view().alerts))

    async def close(self) -> None:
        self.engine.forced = True
        await self.engine.close()


async def test_alerts_are_taken_silenced_and_asked_about(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.firing()
    ack = AckCall(name="Queue", target="api", comment="mine")
    with pytest.raises(Refused) as refused:
        await house.call("alerts.ack", ack, READER)
    assert refused.value.code == 77
    assert (await house.call("alerts.ack", ack)).ack.by == "mira"
    silence = SilenceCall(name="Queue", reason="drill", seconds=60)
    made = await house.call("alerts.silence", silence)
    assert [one.name for one in made.mutes] == ["Queue"]
    (alert,) = [one for one in house.engine.view().alerts if one.name == "Queue"]
    assert (alert.state, alert.ack is not None, alert.silence) == ("firing", True, made.silence)
    found = await house.call("alerts.rules", who=READER)
    names = {one.name: one for one in found.rules}
    assert names["Queue"].states == {"firing": 1}
    assert names["Queue (their.yml)"].off == "no Prometheus is configured to evaluate it"
    assert names["FewAgents"].off == "disabled in the configuration"
    assert names["Watchdog"].states == {"firing": 1}
    assert [(one.silence.name, one.mutes) for one in found.silences] == [("Queue", 1)]
    assert [one.ack.comment for one in found.acks] == ["mine"]
    await until(lambda: [e for e in house.engine.view().events if "Queue fires" in e.text])
    told = await house.call("alerts.detail", AlertRef(name="Queue", target="api"))
    assert "queue is above 5" in told.rule.words
    assert [(one.target, one.end) for one in told.firings] == [("api", None)]
    await house.call("alerts.unsilence", UnsilenceCall(id=made.silence.id))
    notices = " ".join(house.engine.view().notices)
    assert "alert rules of bad.toml are left out" in notices
    await house.close()


async def test_the_doctor_names_every_kind_of_trouble(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.firing()
    found = {(one.rule, one.trouble): one for one in await house.call("alerts.doctor")}
    assert "did you mean api.queue" in found["Typo", "never"].hint
    assert "only grows" in found["Queue (their.yml)", "unit"].text
    assert found["Queue (their.yml)", "never"].text.startswith("no Prometheus")
    assert ("", "never") in found, "the file that cannot be read"
    await house.close()


async def test_rules_are_tested_on_the_history(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.firing()
    now = SystemClock().now()
    past = [(now - 7200 + 60 * n, 9.0 if 20 <= n < 40 else 1.0) for n in range(100)]
    house.engine.history.add(
        [Reading(target="api", signal="api.queue", value=v, source="x", observed_at=at)
         for at, v in past]
    )  # fmt: skip
    house.engine.add_event(Event(key=f"alert:Queue:api:firing:{now - 6000:.3f}", at=now - 6000,
                                 kind="alert", target="api", text="fires"))  # fmt: skip
    await house.engine.history.flush()
    (one,) = await house.call("alerts.backtest", BacktestCall(name="Queue", days=1))
    assert len(one.firings) >= 1
    assert abs(one.firings[-1].start - (now - 6000)) < 120
    assert one.words.startswith("would have fired")
    (high,) = await house.call(
        "alerts.backtest", BacktestCall(name="Queue", days=1, threshold=100.0)
    )
    assert high.firings == []
    for bad, why in ((BacktestCall(days=99), "30 days"), (BacktestCall(name="Quee"), "mean Queue")):
        with pytest.raises(Refused, match=why):
            await house.call("alerts.backtest", bad)
    await house.close()


async def test_only_the_engine_process_keeps_attention(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.engine.start(watching=False)
    with pytest.raises(Refused, match="only the engine process"):
        await house.call("alerts.ack", AckCall(name="Queue", target="api"))
    would = await house.call("alerts.silence", SilenceCall(name="Q*", dry=True))
    assert would.mutes == []
    await house.close()


async def test_one_look_without_an_engine_forgets_nothing_that_fired(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.firing()
    await until(lambda: house.engine.picture.view and house.engine.picture.view.alerts)
    (before,) = [one for one in house.engine.view().alerts if one.name == "Queue"]
    await house.close()
    later = House(tmp_path)
    await later.engine.start(watching=False)
    view = await later.engine.check(None, 5.0)
    (after,) = [one for one in view.alerts if one.name == "Queue"]
    assert (after.state, after.since) == ("firing", before.since)
    await later.close()


def test_a_prometheus_judges_the_files(tmp_path: Path) -> None:
    house = House(tmp_path)
    book = rulebook(house.alerts, prometheus=True)
    assert "Queue (their.yml)" in {rule.name for rule in book.rules}
    assert "Queue (their.yml)" not in book.off
    assert len([rule for rule in book.rules if rule.name == "Queue"]) == 1


THEIRS = Alert(name="Disk", target="db", state="firing", severity="P2", since=1.0, summary="s",
               origin="prometheus")  # fmt: skip


def told(*alerts: Alert, failing: bool = False) -> dict[str, Told]:
    return {"prometheus": Told(alerts, (), 30.0, failing)}


def test_what_another_judge_tells_no_more_is_over_and_its_silence_ends_nothing() -> None:
    judge = Foreign()
    found, turned = judge.step(told(THEIRS), now=10)
    assert (found, turned) == ([THEIRS], [THEIRS])
    found, turned = judge.step(told(failing=True), now=20)
    assert turned == []
    assert (found[0].state, "not heard for 30s" in found[0].summary) == ("firing", True)
    later = Foreign()
    later.restore(judge.known())
    found, turned = later.step({}, now=30)
    assert (found[0].state, turned) == ("firing", []), "a restart forgets nothing"
    found, turned = later.step(told(), now=40)
    assert [(one.state, one.since) for one in turned] == [("resolved", 40)]
    assert later.step(told(), now=400)[0] == []


def test_what_prometheus_and_its_alertmanager_both_tell_of_is_told_once() -> None:
    """By the one that has the rule while it can be asked, with the silence the other knows."""
    mute = Silence(id="alertmanager", name="Up", target="", by="jon", reason="r", at=1, until=9e9)
    one = replace(THEIRS, name="Up", target="prometheus")
    twin = replace(one, target="alertmanager", origin="alertmanager", since=4.0, silence=mute)
    rule = RuleView(name="Up", origin="prometheus", severity="P2", words="")

    def both(failing: bool) -> dict[str, Told]:
        return {"alertmanager": Told([twin], (), 0.0, False),
                "prometheus": Told([one], [rule], 30.0, failing)}  # fmt: skip

    judge = Foreign()
    found, turned = judge.step(both(failing=False), now=10)
    assert (found, turned) == ([replace(one, silence=mute)], [one])
    found, turned = judge.step(both(failing=True), now=20)
    assert (found, turned) == ([twin], []), "who can be asked"
    gone = {**both(failing=False), "prometheus": Told([], [rule], 0.0, False)}
    found, _ = judge.step(gone, now=30)
    assert [alert.state for alert in found] == ["resolved"], "the rule's judge knows first"


def test_a_silence_of_another_judge_mutes_ours_while_it_holds() -> None:
    mute = Silence(id="x", name="", target="", by="jon", reason="r", at=1, until=50.0)
    judges = {"alertmanager": Told((), (), 0.0, False, {("Disk", "db"): mute})}
    other = replace(THEIRS, name="Other")
    assert silenced([THEIRS, other], judges, 10.0) == [replace(THEIRS, silence=mute), other]
    assert silenced([THEIRS], judges, 60.0) == [THEIRS]
