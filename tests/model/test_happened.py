"""One happening that several tell of is told once."""

from __future__ import annotations

from ainur_tui.model.event import Event, EventKind
from ainur_tui.model.happened import once


def event(key: str, at: float, target: str = "api", kind: EventKind = "deploy") -> Event:
    return Event(key=key, at=at, kind=kind, target=target, text=key)


def kept(*events: Event) -> list[str]:
    return [one.key for one in once(events)]


def test_an_end_tells_its_begin_and_a_begin_without_end_stays() -> None:
    assert kept(event("run:a:begun", 1), event("run:a:ended", 9)) == ["run:a:ended"]
    assert kept(event("run:a:begun", 1)) == ["run:a:begun"]
    assert kept(event("playbook:a:begun", 1), event("playbook:a:verified", 2)) == [
        "playbook:a:begun", "playbook:a:verified",
    ]  # fmt: skip


def test_the_machines_of_an_action_or_a_release_are_told_by_it() -> None:
    machine = "api/machine/x"
    during = event("fly:x:1", 150, machine), event("fly:x:2", 320, machine)
    assert kept(event("run:a:begun", 100), *during, event("run:a:ended", 300)) == ["run:a:ended"]
    release = event("fly:release:v4", 100)
    assert kept(event("fly:x:1", 98, machine), release, event("fly:image:1.5", 103)) == [
        "fly:release:v4"
    ]
    assert kept(event("fly:x:1", 10, machine), event("run:a:ended", 100)) == [
        "fly:x:1", "run:a:ended",
    ], "long before it"  # fmt: skip


def test_what_was_restarted_did_start() -> None:
    run = (event("run:a:begun", 100, "db", "restart"), event("run:a:ended", 120, "db", "restart"))
    assert kept(*run, event("db-start-110", 110, "db", "restart")) == ["run:a:ended"]
    assert kept(*run, event("db-start-900", 900, "db", "restart"))[-1] == "db-start-900"
    backup = event("run:b:begun", 100, "db", "backup")
    assert kept(backup, event("db-start-110", 110, "db", "restart"))[-1] == "db-start-110"


def test_what_is_nobodys_echo_stays() -> None:
    ended = event("fly:x:1", 150, "api/machine/x", "state")
    theirs = event("fly:release:v9", 150)
    run = event("run:a:begun", 100), event("run:a:ended", 200)
    assert kept(*run, ended, theirs) == ["run:a:ended", "fly:x:1", "fly:release:v9"]
    other = event("fly:y:1", 150, "frontend/machine/y")
    assert kept(*run, other)[-1] == "fly:y:1"
