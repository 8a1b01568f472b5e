"""``alerts`` on the command line: every word of it, its codes, its JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ainur_tui.cli import check
from ainur_tui.model.alert import Ack, Alert, Silence
from ainur_tui.model.alertcalls import (
    AckCall,
    Backtest,
    BacktestCall,
    Delivery,
    Diagnosis,
    Firing,
    Inventory,
    Quiet,
    RuleView,
    Silenced,
    SilenceView,
    UnsilenceCall,
)
from ainur_tui.model.querycalls import Instead, QueryAnswer, QueryCall, QueryRow, SavedQuery
from ainur_tui.model.units import rfc3339
from tests.cli.fakes import NOW, FakeEngine, Shell, board, signal, target, use

MUTE = Silence(id="abc123", name="Slow", target="", by="niko", reason="a drill", at=NOW,
               until=NOW + 3600)  # fmt: skip
DB = Alert(name="DbDown", target="db", state="firing", severity="P1", since=NOW - 90,
           summary="no answer", signal="db.up", value=0.0, threshold=1.0, unit="bool")  # fmt: skip
API = msgspec.structs.replace(DB, name="Slow", target="api", caused_by="db", severity="P3")
SOON = msgspec.structs.replace(DB, name="Soon", target="node", state="pending", fires_at=NOW + 60)
TAKEN = msgspec.structs.replace(DB, ack=Ack(by="mira", comment="mine", at=NOW))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    view = board(target("db"), target("api"), alerts=[DB, API, SOON])
    made = FakeEngine(
        board=view, alerts_ack=TAKEN, alerts_silence=Silenced(silence=MUTE, mutes=[API]),
        alerts_unsilence=MUTE,
    )  # fmt: skip

    async def look(*_: Any) -> Any:
        return view

    monkeypatch.setattr(check, "look", look)
    use(monkeypatch, made)
    return made


def test_what_fires_is_listed_under_its_cause(shell: Shell, engine: FakeEngine) -> None:
    assert shell("alerts") == 0
    db, api, soon = shell.out.splitlines()
    assert "P1" in db
    assert "(+1 folded)" in db
    assert api.startswith("  P3")
    assert "pending 1m 00s left" in soon
    assert shell("alerts", "--json") == 0
    found = json.loads(shell.out)
    assert (found["version"], found["calls"], len(found["alerts"])) == (1, 1, 2)
    first = found["alerts"][0]
    assert (first["name"], first["folded"][0]["name"], first["ack"]) == ("DbDown", "Slow", None)
    assert found["watchdog"]["state"] == "firing"


def test_acknowledging_needs_no_target_where_only_one_has_it(
    shell: Shell, engine: FakeEngine
) -> None:
    assert shell("alerts", "ack", "DbDown", "--for", "30m", "--reason", "mine") == 0
    assert shell.out == "mira is on P1 DbDown on db\n"
    assert engine.calls[-1] == (
        "alerts.ack", AckCall(name="DbDown", target="db", comment="mine", seconds=1800.0),
    )  # fmt: skip
    assert shell("alerts", "unack", "DbDown", "db", "--json") == 0
    assert json.loads(shell.out)["alert"]["ack"]["by"] == "mira"
    assert engine.calls[-1][1].withdraw
    assert shell("alerts", "ack", "DbDwn") == 64
    assert "did you mean DbDown" in shell.err


def test_silencing_says_what_it_mutes_and_what_ends_it(shell: Shell, engine: FakeEngine) -> None:
    assert shell("alerts", "silence", "Slow", "--for", "1h", "--reason", "a drill") == 0
    assert "mutes P3 Slow on api" in shell.out
    assert "unsilence abc123 ends it" in shell.out
    assert shell("alerts", "silence", "*", "api", "--dry-run", "--json") == 0
    assert engine.calls[-1][1].dry
    assert engine.calls[-1][1].name == ""
    assert [one["name"] for one in json.loads(shell.out)["mutes"]] == ["Slow"]
    assert shell("alerts", "unsilence", "abc123") == 0
    assert engine.calls[-1] == ("alerts.unsilence", UnsilenceCall(id="abc123"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("silence", "Slow", "--reason", "x"), 64, "needs an end"),
        (("silence", "Slow", "--for", "1h"), 64, "needs a reason"),
        (("silence", "Slow", "--for", "soon", "--reason", "x"), 64, "no duration"),
        (("ack",), 64, "name is missing"),
        (("backtest", "--threshold", "3"), 64, "name it"),
        (("bakctest",), 64, "did you mean"),
    ],
)
def test_what_is_wrong_with_the_words(
    shell: Shell, engine: FakeEngine, words: tuple[str, ...], code: int, said: str
) -> None:
    assert shell("alerts", *words) == code
    assert said in shell.err


def test_a_session_that_reads_changes_nothing(shell: Shell, engine: FakeEngine) -> None:
    assert shell("--read-only", "alerts", "ack", "DbDown") == 77
    assert engine.calls == []


def test_rules_doctor_and_backtest(shell: Shell, engine: FakeEngine) -> None:
    engine.answers["alerts.rules"] = Inventory(
        rules=[RuleView(name="Slow", origin="guide", severity="P3", words="slow",
                        states={"firing": 2, "inactive": 3}),
               RuleView(name="Off", origin="f.yml", severity="P3", words="", off="disabled")],
        silences=[SilenceView(silence=MUTE, mutes=1)], acks=[],
        deliveries=[Delivery(at=NOW, channel="oncall", what="P1 Db fires", ok=False, detail="no")],
        judged_at=NOW, quiet=[Quiet(channel="oncall", until=NOW + 60, always=["P1"], waiting=2)],
    )  # fmt: skip
    engine.answers["alerts.doctor"] = [
        Diagnosis(rule="Typo", origin="user", trouble="never", text="nobody", hint="write api.up")
    ]
    past = Backtest(rule="Slow", severity="P3", covered=0.5, fired=1, days=7, words="would have…",
                    firings=[Firing(start=NOW - 60, end=None, target="api")])  # fmt: skip
    engine.answers["alerts.backtest"] = [past]
    assert shell("alerts", "rules") == 0
    for words in (
        "2 firing",
        "off: disabled",
        "silenced, mutes 1",
        "FAILED: no",
        "but for P1; 2 waiting",
    ):
        assert words in shell.out, words
    assert shell("alerts", "rules", "--json") == 0
    found = json.loads(shell.out)
    assert (found["silences"][0]["mutes"], found["silences"][0]["origin"]) == (1, "ours")
    assert found["quiet"][0]["waiting"] == 2
    assert shell("alerts", "doctor") == 0
    assert "CANNOT FIRE  Typo" in shell.out
    assert "write api.up" in shell.out
    assert shell("alerts", "doctor", "--json") == 0
    assert json.loads(shell.out)["diagnoses"][0]["trouble"] == "never"
    assert shell("alerts", "backtest", "Slow", "--days", "3", "--hold", "5m", "--json") == 0
    assert engine.calls[-1][1] == BacktestCall(name="Slow", days=3.0, hold=300.0)
    assert json.loads(shell.out)["backtests"][0]["would_have_fired"] == 1
    assert shell("alerts", "backtest") == 0
    assert "would have" in shell.out


def test_config_check_reads_the_rule_files(shell: Shell) -> None:
    with shell.config.open("a") as file:
        file.write('\n[environment.demo.alerts]\nrules = ["none.toml"]\ndisabled = ["FewAgentz"]\n')
    assert shell("config", "check") == 0
    assert "alert rules of none.toml are left out: does not exist" in shell.err
    assert "did you mean FewAgents" in shell.err


def test_rules_are_printed_for_a_prometheus(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "guide.yml").write_text(
        "groups: [{name: g, rules: [{alert: HighResponseTime, expr: up < 1}]}]"
    )
    with shell.config.open("a") as file:
        file.write(f"""
[environment.demo.alerts]
rules = ["{tmp_path / "guide.yml"}"]
disabled = ["FewAgents"]
change.TaskQueueHigh = {{ threshold = 77.5, hold = 60, severity = "P1" }}
""")
    assert shell("alerts", "export") == 0
    assert "- alert: HighResponseTime (guide.yml)" in shell.out
    assert "#   FewAgents: disabled in the configuration" in shell.out
    assert shell("alerts", "export", "--rule", "TaskQueueHigh", "--json") == 0
    (rule,) = json.loads(shell.out)["rules"]
    assert (rule["expr"], rule["for"]) == ("sum(ainur_tasks_in_queue) > 77.5", 60.0)
    assert rule["labels"]["priority"] == "P1"
    assert shell("alerts", "export", "ConnectionsHigh", "--guide-names") == 0
    assert "sum(postgres_connections_max) > 0.8" in shell.out
    assert shell("alerts", "export", "--rule", "ApiDown") == 1
    assert "whether users are served is seen from outside" in shell.err
    assert shell("alerts", "export", "--rule", "ApiDwn") == 64
    assert "did you mean ApiDown?" in shell.err


QUERY = SavedQuery(name="rate", title="Rate", exprs=["sum(rate(x[5m]))"], unit="/s", guide="x")
ASKED = QueryAnswer(
    query=QUERY, at=NOW, expr=QUERY.exprs[0], source="prom:9090", age=3.0, words="the sum",
    start=NOW - 60, step=60.0,
    rows=[QueryRow(labels={"job": "api"}, value=24.8, past=[20.0, None])],
)  # fmt: skip
LACKING = QueryAnswer(
    query=msgspec.structs.replace(QUERY, name="pool"), at=NOW, source="prom:9090",
    problem="there is no series x now", hints=["did you mean y?"],
    instead=[Instead(target="api", signal=signal("api.requests.rate", 38.2, unit="/s"))],
)  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (ASKED, 0, ["newest sample 3s old", "24.8 /s  lowest 20 /s", "job=api"]),
        (LACKING, 1, ["there is no series x now", "did you mean y?", "read here: ", "38.2 /s"]),
        (msgspec.structs.replace(LACKING, failed=True, bad=True), 65, []),
        (msgspec.structs.replace(LACKING, failed=True), 69, []),
    ],
)
def test_a_query_tells_value_and_age_or_why_there_is_none(
    shell: Shell, engine: FakeEngine, answer: QueryAnswer, code: int, words: list[str]
) -> None:
    engine.answers["queries"] = [answer]
    assert shell("alerts", "query", "rate", "--range", "1h") == code
    assert engine.calls[-1] == ("queries", QueryCall(name="rate", seconds=3600.0))
    for word in words:
        assert word in shell.out


def test_all_queries_are_a_line_each_and_json_has_everything(
    shell: Shell, engine: FakeEngine
) -> None:
    engine.answers["queries"] = [ASKED, LACKING]
    assert shell("alerts", "query") == 1
    first, second = shell.out.splitlines()
    assert first.split("  ")[0] == "rate"
    assert "24.8 /s" in first
    assert "there is no series x now; did you mean y?" in second
    assert shell("alerts", "query", "--expr", "up", "--json") == 1
    assert engine.calls[-1][1] == QueryCall(expr="up")
    found = json.loads(shell.out)["queries"]
    (series,) = found[0]["series"]
    assert (series["labels"], series["value"]) == ({"job": "api"}, 24.8)
    assert series["points"] == [
        {"at": rfc3339(NOW - 60), "value": 20.0}, {"at": rfc3339(NOW), "value": None},
    ]  # fmt: skip
    assert found[1]["instead"][0]["value"] == 38.2
    assert shell("alerts", "query", "rate", "--expr", "up") == 64
