"""``incident …`` and ``report handover`` against an engine that answers from a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from ainur_tui.model.alertcalls import Inventory
from ainur_tui.model.incident import (
    ItemAdded,
    ItemDone,
    Noted,
    Recovered,
    RoleGiven,
    StatusSet,
    UpdateSent,
)
from ainur_tui.model.incidentcalls import (
    Capsule,
    ChangeIncident,
    Drafts,
    IncidentFile,
    OpenIncident,
)
from ainur_tui.model.slo import Burn, Slo, Taken
from ainur_tui.rules.incidents.handover import handover, sheet
from ainur_tui.rules.incidents.objectives import Objectives
from tests.cli.fakes import NOW, FakeEngine, Shell, board, target, use
from tests.rules.incidentworld import T0, Tale, fold


def engine() -> FakeEngine:
    tale = Tale().event(-30, "deploy", "v142").add(130, Noted(text="looking"))
    tale.add(140, ItemAdded(id="a1", text="limit the pool", owner="jon", due=T0 + 86400))
    one = fold(tale.entries, Objectives())
    rules = Inventory(rules=[], silences=[], acks=[], deliveries=[], judged_at=NOW)
    answers = {
        "incidents": [one], "incident_show": IncidentFile(incident=one, entries=tale.entries),
        "incident_open": one, "incident_change": one, "board": board(target("db")),
        "handover": sheet(handover(board(target("db")), [one], rules, None), "demo", NOW),
        "incident_draft": Drafts(message="INCIDENT ALERT\n", postmortem="# Post-Mortem\n"),
        "incident_capsule": Capsule(path="/x.tar.gz", sha256="ab", size=9, files=["a"]),
    }  # fmt: skip
    return FakeEngine(**answers)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    made = engine()
    use(monkeypatch, made)
    return made


def test_show_tells_clocks_roles_items_and_the_timeline(shell: Shell, served: FakeEngine) -> None:
    assert shell("incident", "show") == 0
    for words in (
        "20261124-1  P1  INVESTIGATING  api is down", "response: met in 2m 00s",
        "Incident Commander: mira", "[ ] a1  limit the pool  jon", "deploy", "looking",
    ):  # fmt: skip
        assert words in shell.out, words
    assert shell("incident", "show", "--json") == 0
    found = json.loads(shell.out)
    assert found["version"] == 1
    assert found["incident"]["detected_at"] == "2026-11-24T10:00:00.000Z"
    assert found["incident"]["resolved_at"] is None
    kinds = [(entry["kind"], entry["before"]) for entry in found["entries"]]
    assert kinds == [("opened", False), ("deploy", True), ("note", False), ("item", False)]


def test_the_list_tells_incidents_or_how_to_declare_one(shell: Shell, served: FakeEngine) -> None:
    assert shell("incident", "list") == 0
    assert "20261124-1  P1  INVESTIGATING" in shell.out
    assert shell("incident", "list", "--json") == 0
    assert (
        json.loads(shell.out)["incidents"][0]["clocks"][1]["due_at"] == "2026-11-24T10:05:00.000Z"
    )
    served.answers["incidents"] = []
    assert shell("incident", "list") == 0
    assert "declare one" in shell.err


def test_each_verb_is_the_change_it_says(shell: Shell, served: FakeEngine, tmp_path: Path) -> None:
    words = tmp_path / "message.txt"
    words.write_text("INCIDENT ALERT\nchanged\n")
    for argv, what in (
        (("note", "hello"), Noted(text="hello")),
        (("status", "identified", "the pool"), StatusSet(status="identified", text="the pool")),
        (("role", "technical", "jon"), RoleGiven(role="technical", who="jon")),
        (("item", "--done", "a1"), ItemDone(id="a1")),
        (("update", "--sent", "mailed", "--file", str(words)),
         UpdateSent(text="INCIDENT ALERT\nchanged\n", via=["mailed"])),
    ):  # fmt: skip
        assert shell("incident", *argv) == 0, shell.err
        method, params = served.calls[-1]
        assert (method, params.what) == ("incident.change", what)
        assert isinstance(params, ChangeIncident)
    assert shell("incident", "item", "a thing", "--owner", "jon", "--due", "2026-12-01") == 0
    assert served.calls[-1][1].what.due == 1_796_083_200.0
    assert shell("incident", "open", "it burns", "--target", "api", "--severity", "P1") == 0
    opened = served.calls[-1][1]
    assert isinstance(opened, OpenIncident)
    assert (opened.title, opened.target, opened.severity) == ("it burns", "api", "P1")


def test_that_it_is_over_is_told_to_scripts(shell: Shell, served: FakeEngine) -> None:
    (one,) = served.answers["incidents"]
    seen = Recovered(at=T0 + 200, why="alert ApiDown over")
    served.answers["incidents"] = [replace(one, recovered=seen, done=["Roll back, verified"])]
    assert shell("incident", "list", "--json") == 0
    (told,) = json.loads(shell.out)["incidents"]
    assert told["recovered"] == {"at": "2026-11-24T10:03:20.000Z", "why": "alert ApiDown over"}
    assert told["done"] == ["Roll back, verified"]


def test_the_incident_may_stand_first(shell: Shell, served: FakeEngine) -> None:
    for argv, which in (
        (("show", "20261124-1"), "20261124-1"), (("show", "--id", "20261124-1"), "20261124-1"),
        (("postmortem", "20261124-1", "--json"), "20261124-1"), (("postmortem",), ""),
        (("note", "20261124-1", "hello"), "20261124-1"), (("note", "hello"), ""),
        (("close", "20261124-1"), "20261124-1"), (("close", "20261124-1", "over"), "20261124-1"),
        (("status", "20261124-1", "resolved", "cooled"), "20261124-1"),
    ):  # fmt: skip
        assert shell("incident", *argv) == 0, shell.err
        assert served.calls[-1][1].id == which, argv
    assert served.calls[-1][1].what == StatusSet(status="resolved", text="cooled")


@pytest.mark.parametrize(
    ("argv", "code", "why"),
    [
        (("item",), 64, "wants its words"),
        (("item", "x", "--due", "soon"), 64, "no day"),
        (("status", "fixd"), 64, "did you mean fixing"),
        (("update", "--sent", "x", "--file", "/nowhere"), 65, "cannot be read"),
        (("role", "commandr"), 64, "did you mean commander"),
    ],
)
def test_slips_are_told(
    shell: Shell, served: FakeEngine, argv: tuple[str, ...], code: int, why: str
) -> None:
    assert shell("incident", *argv) == code
    assert why in shell.err


def test_reading_only_changes_nothing(shell: Shell, served: FakeEngine) -> None:
    assert shell("--read-only", "incident", "note", "x") == 77
    assert served.calls == []


def test_texts_are_printed_or_written_once(
    shell: Shell, served: FakeEngine, tmp_path: Path
) -> None:
    assert shell("incident", "update") == 0
    assert shell.out == "INCIDENT ALERT\n"
    file = tmp_path / "pm.md"
    assert shell("incident", "postmortem", "--output", str(file)) == 0
    assert file.read_text() == "# Post-Mortem\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert shell("incident", "postmortem", "--output", str(file)) == 73
    assert shell("incident", "capsule", "--json") == 0
    assert json.loads(shell.out)["capsule"]["sha256"] == "ab"


def test_the_objectives(shell: Shell, served: FakeEngine) -> None:
    burns = [Burn(long=3600.0, short=300.0, limit=14.4, rate=20.0, short_rate=15.0)]
    served.answers["slo"] = [
        Slo(name="availability", statistic="share of probes answered", objective=0.999,
            window=2_592_000.0, known=86400.0, excluded=600.0, bad=120.0, burns=burns,
            exhausted_in=7200.0, taken=[Taken(what="incident 1: down", seconds=120.0)],
            origin="guide")
    ]  # fmt: skip
    assert shell("report", "slo") == 0
    for words in ("99.9 % over 30 days (share of probes answered; from the guide)",
                  "41.2 of 43.2 min left", "PAGES: Burn 20.0 over 1h 00m, 15.0 over 5m 00s",
                  "gone in 2h 00m", "Taken: 2.0 min by incident 1: down",
                  "10m 00s of planned maintenance"):  # fmt: skip
        assert words in shell.out, words
    assert shell("report", "slo", "--json") == 0
    (one,) = json.loads(shell.out)["objectives"]
    assert (round(one["left"]), one["burns"][0]["pages"]) == (2472, True)


def test_the_hand_over_sheet(shell: Shell, served: FakeEngine) -> None:
    assert shell("report", "handover") == 0
    assert "20261124-1 P1 INVESTIGATING: api is down; commander mira" in shell.out
    assert "limit the pool (jon; incident 20261124-1)" in shell.out
    assert shell("report", "handover", "--json") == 0
    parts = {p["heading"]: p["rows"] for p in json.loads(shell.out)["parts"]}
    assert parts["Alerts"] == []
    assert parts["Open incidents"][0]["at"] == "2026-11-24T10:02:00.000Z"
