"""The contract's JSON from our words."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ainur_tui.cli import shape, shape_action
from ainur_tui.model.alert import Alert
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.log import LogGap, LogLine
from tests.cli.fakes import NOW, SPECS, board, plan, run, signal, target


def alert(name: str, where: str, state: str) -> Alert:
    return msgspec.convert(
        {"name": name, "target": where, "state": state, "severity": "P2", "since": NOW,
         "summary": "s"},
        Alert,
    )  # fmt: skip


def test_check_has_every_field_of_the_contract() -> None:
    found = shape.check(
        board(target("db"), alerts=[alert("a", "db", "firing"), alert("b", "db", "inactive")])
    )
    assert found["version"] == 1
    assert datetime.fromisoformat(found["at"]).timestamp() == NOW
    assert found["trust"] == {"fresh": 3, "all": 4}
    (one,) = found["targets"]
    assert one.keys() >= {"target", "kind", "state", "since", "cause", "summary", "signals"}
    assert one["signals"][0].keys() >= {
        "name", "value", "unit", "statistic", "source", "observed_at", "age", "quality",
        "threshold", "verdict",
    }  # fmt: skip
    assert [a["name"] for a in found["alerts"]] == ["a"]
    assert found["alerts"][0].keys() >= {
        "name", "target", "state", "severity", "since", "caused_by",
    }  # fmt: skip


def test_what_is_not_known_is_null_never_an_old_value() -> None:
    for quality in ("unknown", "rejected"):
        assert shape.signal(signal(value=3.0, quality=quality))["value"] is None
    assert shape.signal(signal(value=3.0, quality="stale"))["value"] == 3.0
    assert shape.signal(signal(value=None, observed_at=None, age=None))["observed_at"] is None


def test_some_targets_alone_have_their_own_state_and_trust() -> None:
    whole = board(
        target("api", "degraded", signals=[signal(quality="stale"), signal()]),
        target("db", "down"),
        target("api/machine/1", "paused"),
        state="down",
        alerts=[alert("a", "api", "firing"), alert("b", "db", "firing")],
    )
    found = shape.check(whole, ["api"])
    assert found["state"] == "degraded"
    assert found["trust"] == {"fresh": 1, "all": 2}
    assert [a["name"] for a in found["alerts"]] == ["a"]
    assert shape.check(whole, ["api/machine/1"])["state"] == "up"
    assert shape.check(whole)["state"] == "down"
    assert shape.worst([]) == "unknown"
    assert shape.worst(["up", "unknown", "degraded"]) == "degraded"


def test_actions_and_runs() -> None:
    catalogue = shape_action.actions(SPECS)
    assert catalogue["actions"][2]["params"][0] == {
        "name": "count", "type": "int", "required": False, "default": None, "help": "how many",
        "choices": [],
    }  # fmt: skip
    fields = {
        "version", "id", "action", "target", "risk", "operator", "state", "plan", "steps",
        "verified_by", "message",
    }  # fmt: skip
    done = shape_action.run(run(plan()))
    planned = shape_action.planned(plan(), "mira", "")
    refused = shape_action.refused("x", "y", "mira", "no", None)
    for found in (done, planned, refused, shape_action.refused("x", "y", "m", "no", plan())):
        assert found.keys() >= fields
        assert found["plan"].keys() >= {
            "steps", "affects", "before", "inverse", "expected_seconds",
        }  # fmt: skip
    assert (done["state"], planned["state"], refused["state"]) == (
        "verified", "planned", "refused",
    )  # fmt: skip
    assert done["steps"][0].keys() == {"name", "state", "started_at", "seconds", "detail"}


def test_logs_and_journal() -> None:
    line = LogLine(seq=1, at=NOW, source="api", message="m", log_class="db-timeout")
    assert shape.log_line(line).keys() == {
        "at", "source", "level", "message", "fields", "machine", "class", "unsure",
    }  # fmt: skip
    gap = shape.log_gap(LogGap(seq=2, source="api", since=NOW, until=NOW + 1))
    assert gap["gap"].keys() == {"source", "from", "to", "dropped"}
    assert gap["gap"]["dropped"] is None
    entry = JournalEntry(
        seq=1, at="t", kind="intent", id="i", operator="o", host="h", tty="", action="a",
        target="t", state="s", detail={}, prev="0", hash="1",
    )  # fmt: skip
    assert shape.journal([entry])["entries"][0]["prev"] == "0"
    verdict = shape.verdict(JournalVerdict(ok=True, entries=12, first_bad=None, truncated=False))
    assert verdict | {"reason": None} == {
        "version": 1, "ok": True, "entries": 12, "first_bad": None, "truncated": False,
        "reason": None,
    }  # fmt: skip
