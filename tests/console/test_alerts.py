"""The Alerts tab by keys: folded, acknowledged, silenced, explained, examined."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from ainur_tui.client.errors import CallError
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.listing import ListingDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.sure import SureDialog
from ainur_tui.console.draw import alerts as draw
from ainur_tui.console.draw import frame
from ainur_tui.console.panels.alerts import AlertsPanel
from ainur_tui.console.panels.registry import PANELS
from ainur_tui.console.widgets.table import TableView
from ainur_tui.model.alert import Ack, Alert, Silence
from ainur_tui.model.alertcalls import (
    AckCall,
    AckView,
    AlertDetail,
    Backtest,
    Delivery,
    Diagnosis,
    Firing,
    Inventory,
    Quiet,
    RuleView,
    Silenced,
    SilenceView,
)
from ainur_tui.model.board import BoardView
from ainur_tui.model.playbook import Proposal
from tests.console import worlds
from tests.console.consoles import HOSTILE, running, shown, until

NOW = worlds.NOW


def alert(name: str, target: str = "api", state: Any = "firing", **more: Any) -> Alert:
    fields: dict[str, Any] = {
        "severity": "P2", "since": NOW - 60, "summary": f"{name} of {target}", "value": 0.412,
        "threshold": 0.1, "unit": "s", "statistic": "p95", "signal": f"s.{name}", "origin": "guide",
    }  # fmt: skip
    return Alert(name=name, target=target, state=state, **(fields | more))


MUTE = Silence(id="abc123", name="Slow", target="api", by="niko", reason=HOSTILE, at=NOW - 9,
               until=NOW + 7200)  # fmt: skip
STORM = [
    alert("DatabaseDown", "db", severity="P1", signal="db.up"),
    alert("ApiDown", "api", severity="P1", caused_by="db"),
    alert("Slow", "api", caused_by="db", severity="P3"),
    alert("NodeBehind", "node", "pending", fires_at=NOW, severity="P2"),
    alert("Little", "host", "no data", severity="P4"),
]


def trouble(*alerts: Alert) -> BoardView:
    return msgspec.structs.replace(worlds.trouble(), alerts=list(alerts or STORM))


def rows(app: Any) -> list[str]:
    table = app.query_one(AlertsPanel).query_one(TableView)
    return [row.cells[0] for row in table._rows]


async def test_causes_first_with_their_symptoms_counted_and_a_key_to_see_them() -> None:
    soon = msgspec.structs.replace(STORM[3], fires_at=time.time() + 7000)
    async with running(trouble(*STORM[:3], soon, STORM[4]), (80, 24)) as (app, _, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "1 to answer" in shown(app))
        assert rows(app) == ["P1 DatabaseDown", "P2 NodeBehind", "P4 Little"]
        for words in ("+2", "FIRING", "fires in 1h", "no data", "2 folded or in hand"):
            assert words in shown(app), words
        assert "1 alert," in shown(app), "the header counts causes"
        await pilot.press("f")
        assert rows(app)[:3] == ["P1 DatabaseDown", "P1 ApiDown", "P3 Slow"]
        await pilot.press("j", "f")
        assert rows(app)[1] == "P2 NodeBehind", "from a symptom its cause is folded again"
        await pilot.press("F")
        assert len(rows(app)) == 5


@pytest.mark.parametrize(("size", "there"), [((120, 36), True), ((80, 24), False)])
async def test_the_selected_one_stands_under_the_list_where_there_is_room(
    size: tuple[int, int], there: bool
) -> None:
    measured = alert("Slow", "api", signal="api.latency.p95", threshold=0.3)
    book = Proposal(playbook="latency", title="API slow", target="api", why="slow")
    view = trouble(measured, alert("Behind", "db", caused_by="api"))
    view = msgspec.structs.replace(view, proposals=[book])
    async with running(view, size) as (app, engine, pilot):
        await pilot.press("6")
        await until(pilot, lambda: "2 to answer" in shown(app) or "1 to answer" in shown(app))
        part = app.query_one("#alert-beside")
        await until(pilot, lambda: part.display == there)
        if there:
            for words in ("FOLDED UNDER IT", "P2 Behind on db", "Playbook: API slow", "300 ms"):
                await until(pilot, lambda words=words: words in shown(app))
            await until(pilot, lambda: _charted(engine))
            assert _charted(engine) == ("api", "api.latency.p95")
        else:
            assert "FOLDED UNDER IT" not in shown(app)


def _charted(engine: Any) -> tuple[str, str] | None:
    """What the newest question for history is about."""
    asked = [query for query in engine.asked("history") if query.wanted]
    return asked[-1].wanted[-1] if asked else None


async def test_acknowledging_is_two_enters_and_silencing_shows_what_it_mutes() -> None:
    async with running(trouble(), (80, 24)) as (app, engine, pilot):
        engine.answers["alerts.ack"] = STORM[0]
        engine.answers["alerts.silence"] = Silenced(silence=MUTE, mutes=STORM[:2])
        await pilot.press("6")
        await until(pilot, lambda: app.panel.title == "Alerts")
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        await pilot.press(*"mine", "enter", *"30m", "enter", "enter")
        await until(pilot, lambda: engine.asked("alerts.ack"))
        assert engine.asked("alerts.ack") == [
            AckCall(name="DatabaseDown", target="db", comment="mine", seconds=1800.0)
        ]
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        await pilot.press("enter", "enter", "enter", *"a drill", "enter")
        await until(pilot, lambda: isinstance(app.screen, SureDialog))
        assert "It would mute 2 alerts now" in shown(app)
        await pilot.press("enter", "y")
        await until(pilot, lambda: len(engine.asked("alerts.silence")) == 2)
        dry, done = engine.asked("alerts.silence")
        assert (done.name, done.target, done.reason, done.seconds, done.dry) == (
            "DatabaseDown", "db", "a drill", 7200.0, False,
        )  # fmt: skip
        assert dry.dry


async def test_what_was_typed_wrong_can_be_mended() -> None:
    async with running(trouble()) as (app, engine, pilot):
        await pilot.press("6")
        await until(pilot, lambda: app.panel.title == "Alerts")
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        await pilot.press("enter", *"soon", "enter")
        await until(pilot, lambda: "no duration" in shown(app))
        await pilot.press("escape")
        assert engine.asked("alerts.ack") == []


async def test_detail_tells_the_rule_its_origin_its_past_and_its_mistakes() -> None:
    rule = RuleView(name="Slow", origin="guide", severity="P3", words="when p95 is above 100 ms",
                    note="5 min is ours")  # fmt: skip
    told = AlertDetail(
        rule=rule, firings=[Firing(start=NOW - 9000, end=NOW - 8000, target="api")],
        silences=[SilenceView(silence=MUTE, mutes=1)],
        diagnoses=[Diagnosis(rule="Slow", origin="guide", trouble="unit", text="s or ms?")],
    )  # fmt: skip
    slow = alert("Slow", "api", ack=Ack(by="mira", comment=HOSTILE, at=NOW - 30), silence=MUTE,
                 was_silenced=MUTE)  # fmt: skip
    async with running(trouble(slow), (80, 40)) as (app, engine, pilot):
        engine.answers["alerts.detail"] = told
        await pilot.press("6")
        await until(pilot, lambda: "firing, mira" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PageDialog))
        for words in ("when p95 is above 100 ms", "guide; 5 min is ours", "412 ms >100 ms p95",
                      "answer within 1h", "mira since", "[/]", "silenced", "it is back",
                      "s or ms?", "for 16m 40s"):  # fmt: skip
            assert words in shown(app), words


async def test_the_inventory_ends_silences_and_tests_rules_on_the_past() -> None:
    found = Inventory(
        rules=[RuleView(name="Slow", origin="guide", severity="P3", words="slow",
                        states={"firing": 1}),
               RuleView(name="Off", origin="f.yml", severity="P3", words="x", off="no Prometheus")],
        silences=[SilenceView(silence=MUTE, mutes=0)],
        acks=[AckView(name="Slow", target="api", ack=Ack(by="mira", comment="", at=NOW))],
        deliveries=[Delivery(at=NOW, channel="oncall", what="P1 Db fires", ok=False, detail="no")],
        judged_at=NOW, channels=["oncall"],
        quiet=[Quiet(channel="night", until=NOW + 60, always=[], waiting=2)],
    )  # fmt: skip
    past = Backtest(rule="Slow", severity="P3", firings=[], covered=1.0, fired=0, days=7,
                    words="would have fired never in the last 7 days")  # fmt: skip
    async with running(trouble(), (120, 36)) as (app, engine, pilot):
        engine.answers |= {"alerts.rules": found, "alerts.unsilence": MUTE,
                           "alerts.backtest": [past]}  # fmt: skip
        await pilot.press("6")
        await until(pilot, lambda: app.panel.title == "Alerts")
        await pilot.press("i")
        await until(pilot, lambda: "mutes nothing" in shown(app))
        for words in (
            "told: oncall",
            "NOT ARRIVED",
            "1 firing",
            "no Prometheus",
            "night: 2 waiting",
        ):
            assert words in shown(app), words
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SureDialog))
        assert "It mutes nothing now. It is ended, for everybody." in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ListingDialog))
        assert engine.asked("alerts.unsilence") == []
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SureDialog))
        await pilot.press("y")
        await until(pilot, lambda: engine.asked("alerts.unsilence"))
        assert engine.asked("alerts.unsilence")[0].id == "abc123"
        await until(pilot, lambda: isinstance(app.screen, ListingDialog))
        await pilot.press("j", "j", "j", "t")
        await until(pilot, lambda: "would have fired never" in shown(app))
        assert engine.asked("alerts.backtest")[0].name == "Slow"


async def test_the_doctor_shows_what_cannot_fire_and_a_refusal_is_words() -> None:
    sick = [Diagnosis(rule="Typo", origin="user", trouble="never", text="nothing delivers it",
                      hint="did you mean api.up?")]  # fmt: skip
    async with running(trouble()) as (app, engine, pilot):
        engine.answers["alerts.doctor"] = sick
        await pilot.press("6")
        await until(pilot, lambda: app.panel.title == "Alerts")
        await pilot.press("D")
        await until(pilot, lambda: "nothing delivers it" in shown(app))
        assert "cannot fire" in shown(app)
        assert "1 to mend" in shown(app)

        def refuse(*_: Any, **__: Any) -> Any:
            raise CallError(69, "the engine has gone")

        await pilot.press("escape")
        app.session.call = refuse  # type: ignore[method-assign]
        await pilot.press("D")
        await until(pilot, lambda: "the engine has gone" in shown(app))


async def test_a_console_that_reads_changes_nothing() -> None:
    async with running(trouble(), read_only=True) as (app, engine, pilot):
        await pilot.press("6")
        await until(pilot, lambda: app.panel.title == "Alerts")
        await pilot.press("S")
        await until(pilot, lambda: "changes nothing" in shown(app))
        assert engine.asked("alerts.silence") == []


async def test_five_hundred_alerts_scroll_smoothly() -> None:
    storm = [alert(f"R{n % 4}", f"api/machine/{n}", severity="P3") for n in range(499)]
    async with running(trouble(alert("Down", "api", signal="api.up"), *storm), (200, 50)) as (
        app, _, pilot,
    ):  # fmt: skip
        await pilot.press("6")
        await until(pilot, lambda: "499" in shown(app))
        assert rows(app) == ["P2 Down"]
        await pilot.press("f")
        assert len(rows(app)) == 500
        took = []
        table = app.query_one(AlertsPanel).query_one(TableView)
        for _ in range(60):
            began = time.thread_time()
            table.action_move(7)
            app.redraw()
            took.append(time.thread_time() - began)
    p95 = sorted(took)[56]
    print(f"a key and a whole redraw, p95: {p95 * 1000:.1f} ms of processor")
    assert p95 < 0.1


def test_the_watchdog_turns_red_when_nobody_judges() -> None:
    scene = worlds.scene(trouble())
    assert ("judged 1s ago ", "quiet") in draw.heading(scene, 80)
    lost = worlds.scene(trouble(), lost="it is gone")
    assert ("NOT JUDGED for 1s ", "fail") in draw.heading(lost, 80)


def test_every_tab_has_its_place_at_80_columns() -> None:
    names = [(kind.key, kind.title) for kind in PANELS]
    words = "".join(text for text, _ in frame.tabs(names, "Incidents", 80))
    assert len(words) <= 80
    for _, title in names:
        assert title in words
    assert "[Incidents]" in words
