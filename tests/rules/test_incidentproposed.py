"""What the record shows and nobody said: it is proposed, and says that it is."""

from __future__ import annotations

from typing import Any

from ainur_tui.model.board import Finding
from ainur_tui.model.event import Event, EventKind
from ainur_tui.model.incident import Happened, Incident, StatusSet, UpdateSent
from ainur_tui.model.incidentcalls import OpenIncident
from ainur_tui.rules.graph import Graph
from ainur_tui.rules.incidents.concerning import concerns
from ainur_tui.rules.incidents.declaring import opened as declared
from ainur_tui.rules.incidents.facts import began
from ainur_tui.rules.incidents.leading import leading
from ainur_tui.rules.incidents.messages import notification, resolution
from ainur_tui.rules.incidents.objectives import Objectives
from ainur_tui.rules.incidents.postmortem import postmortem, sections_of
from tests.rules.incidentworld import T0, Tale, alert, fold, opened, view

OURS = Objectives()
CAUSE = "api: 503 to GET /health"


def mended() -> Tale:
    """An outage that a playbook ended; nobody told a status."""
    return (
        Tale(opened(because=CAUSE))
        .event(-400, "state", "unknown → up: started", target="db")
        .event(-300, "state", "up → down: no answer", target="node")
        .event(-290, "state", "down → up: answers", target="node")
        .event(-60, "deploy", "v142 by deploy@ainur")
        .event(-50, "restart", "Restart y · mira", key="run:o:begun")
        .event(-49, "restart", "machine y restarted by user", key="fly:y:1",
               target="api/machine/y")
        .event(-45, "restart", "Restart y: verified. ok", key="run:o:ended")
        .event(-44, "playbook", "API down: failed “Is it down?”: no", key="playbook:o:c:0:failed")
        .event(-43, "playbook", "API down: not needed: served", key="playbook:o:not needed")
        .event(-4, "state", "up → down: hung")
        .event(0, "alert", "P1 ApiDown fires", key="alert:ApiDown:api:firing:1")
        .event(130, "playbook", "API down: begun by mira", key="playbook:p:begun")
        .event(131, "playbook", "API down: passed “Is it down?”: 0 of 2",
               key="playbook:p:confirm:0:passed")
        .event(140, "restart", "Rolling restart of 2 machines · mira", key="run:r:begun")
        .event(150, "restart", "machine x restarted by user", key="fly:x:1", target="api/machine/x")
        .event(190, "restart", "Rolling restart of 2 machines: verified. x started, 1 of 1 checks"
               " pass, GET /health pinned to it 200", key="run:r:ended")
        .event(195, "playbook", "API down: verified: recovered", key="playbook:p:verified")
        .event(199, "alert", "P1 ApiDown is over", key="alert:ApiDown:api:resolved:2")
    )  # fmt: skip


def told(tale: Tale) -> tuple[Incident, list[str]]:
    found = fold(tale.entries, OURS)
    text = postmortem(found, tale.entries, impact="9 requests failed", now=T0 + 300)
    return found, text.splitlines()


def test_the_document_tells_what_is_known_before_anybody_wrote() -> None:
    _, lines = told(mended())
    for line in (
        "- **Began**: 09:59:56, 4.0 s before it was detected",
        "- **Duration**: 3m 15s from detection to recovery; not yet said RESOLVED",
        "- 10:02:11: Root cause identified (proposed: its playbook had looked; no status said so)",
        "- 10:03:10: Fix implemented (Rolling restart of 2 machines, verified)",
        "- 10:03:15: Service fully restored (playbook API down verified; not yet said RESOLVED)",
        f"PROPOSED, confirmed by nobody: {CAUSE}",
        "- 09:59:00, 1m 00s before: v142 by deploy@ainur",
        "- 09:59:15, 45 s before: Restart y: verified. ok",
        "- The one action that was taken was verified",
        "- checked: “Is it down?”: 0 of 2",
        "PROPOSED from the actions: Rolling restart of 2 machines, verified",
        "- RTO: met in 3m 15s (limit 5m 00s)",
    ):
        assert line in lines, line
    causes = lines[lines.index("## Root Cause") : lines.index("## Resolution")]
    assert not [row for row in causes if "restarted by user" in row or "Restart y · mira" in row]
    assert not [row for row in lines if row.startswith("- Playbook: ")], "that was before it"


def test_what_recovered_without_us_is_not_told_as_our_work() -> None:
    tale = Tale(opened(because=CAUSE))
    tale.event(
        131, "playbook", "API down: passed “Is it down?”: 0 of 2", key="playbook:p:c:0:passed"
    )
    tale.event(140, "playbook", "API down: passed “Served?”: yes", key="playbook:p:s:0:passed")
    tale.event(140, "playbook", "API down: verified: yes", key="playbook:p:verified")
    _, lines = told(tale)
    text = "\n".join(lines)
    assert (
        "- TODO: Fix implemented (no action here was verified in that time: it recovered by" in text
    )
    assert "checked: “Is it down?”" in text
    assert "checked: “Served?”" not in text
    assert "## Resolution\nTODO" in text


def test_it_began_when_its_target_turned_ill() -> None:
    tale = mended()
    assert began(fold(tale.entries, OURS), tale.entries) == T0 - 4
    assert began(fold(tale.entries[:1], OURS), tale.entries[:1]) == T0


def test_what_had_passed_before_is_no_part_of_the_record() -> None:
    _, lines = told(mended())
    record = lines[lines.index("## Record") :]
    assert record[1].startswith("Left out here: 7 of before the detection")
    assert not [row for row in record if "| node " in row or "started |" in row]
    assert any("up → down: hung" in row for row in record)


def test_a_proposal_is_not_taken_for_what_a_person_wrote() -> None:
    _, lines = told(mended())
    document = "\n".join(lines)
    assert sections_of(document) == {}
    confirmed = document.replace("PROPOSED from the actions: ", "")
    assert sections_of(confirmed) == {"resolution": "Rolling restart of 2 machines, verified"}


def test_a_message_that_was_sent_does_not_freeze_what_was_measured() -> None:
    tale = mended()
    before = fold(tale.entries, OURS)
    text = notification(before, tale.entries, impact="down for 20 s", every=None, now=T0 + 200)
    assert "Impact: so far down for 20 s" in text
    assert "machine x" not in text, "the platform's echo of our own action"
    assert "- 10:03 Rolling restart of 2 machines, verified\n" in text
    after, lines = told(tale.add(210, UpdateSent(text=text, via=["copied"])))
    assert "impact" not in after.texts
    assert "- **Impact**: 9 requests failed" in lines
    own = text.replace("so far down for 20 s", "nobody can log in")
    _, lines = told(tale.add(220, UpdateSent(text=own, via=["copied"])))
    assert "- **Impact**: nobody can log in (measured: 9 requests failed)" in lines


def test_the_resolution_can_be_sent_as_it_is() -> None:
    tale = mended().add(230, StatusSet(status="resolved"))
    found = fold(tale.entries, OURS)
    text = resolution(found, promised=True)
    assert "TODO" not in text
    assert f"Root cause: not confirmed yet; seen was {CAUSE}" in text
    assert "Duration: 3 minutes" in text
    _, lines = told(tale.add(240, UpdateSent(text=text, via=["copied"])))
    assert "- **Duration**: 0 hours 3 minutes" in lines
    assert f"PROPOSED, confirmed by nobody: {CAUSE}" in lines, "it is still not confirmed"


def test_over_is_what_was_seen_first_since_it_was_on() -> None:
    tale = mended()
    found = fold(tale.entries, OURS)
    assert found.unsaid is not None
    assert (found.unsaid.why, found.done) == (
        "playbook API down verified", ["Rolling restart of 2 machines, verified"],
    )  # fmt: skip
    tale.event(230, "alert", "P1 ApiDown fires", key="alert:ApiDown:api:firing:3")
    again = fold(tale.entries, OURS)
    assert again.recovered is None
    rto = again.clock("rto")
    assert rto is not None
    assert rto.ended_at is None, "it runs again"
    tale.event(250, "playbook", "API down: verified: ok", key="playbook:q:verified")
    assert fold(tale.entries, OURS).recovered is not None
    tale.event(252, "playbook", "API down: begun by mira", key="playbook:z:begun")
    assert fold(tale.entries, OURS).recovered is None, "somebody is at it again"
    tale.event(254, "playbook", "API down: not needed: served", key="playbook:z:not needed")
    assert fold(tale.entries, OURS).recovered is not None
    said = fold(tale.add(260, StatusSet(status="resolved")).entries, OURS)
    assert said.unsaid is None


def test_declared_by_hand_it_is_over_when_the_target_is_up() -> None:
    tale = Tale(opened(alert=None)).event(140, "state", "degraded → up: answers")
    found = fold(tale.entries, OURS)
    assert found.unsaid is not None
    assert found.unsaid.why == "api is up"
    ill = fold(tale.event(150, "state", "up → degraded: slow").entries, OURS)
    assert ill.unsaid is None
    other = fold(tale.event(160, "state", "down → up: x", target="db").entries, OURS)
    assert other.unsaid is None


def test_the_cause_that_the_board_held_is_declared_with_it() -> None:
    findings = [
        Finding(target="db", text="no answer", verdict="fail", since=T0, severity="P1"),
        Finding(target="frontend", text="502", verdict="fail", since=T0, caused_by="db"),
    ]
    board = view(alert("FrontendDown", "frontend", 0), findings=findings)
    found = declared(OpenIncident(key="k", target="frontend", title="x"), board, T0 + 9)
    assert not isinstance(found, str)
    assert found.because == "db: no answer"


def test_a_happening_belongs_to_the_incident_it_concerns() -> None:
    graph = Graph({"frontend": ("api",), "api": ("db", "storage", "node")})
    storage = fold(Tale(opened(target="storage", services=["Storage"])).entries, OURS)
    database = fold(Tale(opened(target="db", services=["Database"])).entries, OURS)
    assert [t for t in ("storage/ainur-backups", "api/machine/x", "frontend", "db", "node", "host",
                        "") if concerns(storage, t, graph)] == [
        "storage/ainur-backups", "api/machine/x", "frontend", "host", "",
    ]  # fmt: skip
    assert not concerns(database, "storage", graph)
    wide = fold(Tale(opened(target="host", services=["API"])).entries, OURS)
    assert all(concerns(wide, target, graph) for target in ("api", "db", "storage", "frontend"))


def test_what_was_done_about_something_else_is_no_remedy() -> None:
    def done(tale: Tale, **more: Any) -> list[str]:
        event = Event(key="run:d:ended", at=T0 + 140, kind="action", target="db",
                      text="End 1 session: verified. ok")  # fmt: skip
        return fold(tale.add(140, Happened(event=event, **more)).entries, OURS).done

    assert done(Tale(opened(because="api: slow"))) == []
    assert done(Tale(opened(because="db: a session waits"))) == ["End 1 session: verified. ok"]
    busy = Tale(opened(because="api: slow"))
    busy.event(130, "playbook", "API latency: begun", key="playbook:l:begun")
    assert done(busy) == ["End 1 session: verified. ok"], "a step of its playbook"
    busy = Tale(opened(because="api: slow"))
    busy.event(130, "playbook", "API latency: begun", key="playbook:l:begun")
    assert done(busy, aside=True) == [], "there is an incident about the database"


def test_what_had_nothing_to_do_with_it_led_nowhere() -> None:
    def event(key: str, at: float, kind: EventKind, text: str, target: str = "api") -> Event:
        return Event(key=key, at=at, kind=kind, target=target, text=text)

    found = leading([
        event("alert:A:api:firing:1", 1, "alert", "P1 A fires"),
        event("run:r:begun", 2, "restart", "Restart - mira"),
        event("playbook:p:begun", 2, "playbook", "API down: begun"),
        event("playbook:p:verified", 6, "playbook", "API down: verified: ok"),
        event("s1", 3, "state", "up → down: hung"),
        event("s2", 4, "state", "down → up: answers"),
        event("run:r:ended", 5, "restart", "Restart: verified."),
        event("alert:A:api:resolved:6", 6, "alert", "P1 A is over"),
        event("s3", 7, "state", "up → degraded: slow"),
        event("alert:A:api:firing:8", 8, "alert", "P1 A fires"),
        event("s4", 9, "state", "up → down: gone", target="db"),
        event("playbook:q:begun", 9, "playbook", "API down: begun"),
    ])  # fmt: skip
    assert [one.key for one in found] == [
        "run:r:ended", "s3", "alert:A:api:firing:8", "s4", "playbook:q:begun",
    ]  # fmt: skip
