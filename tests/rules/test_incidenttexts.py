"""Declarations, messages, the post-mortem, the sheet for the next shift, the archive."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

from ainur_tui.model.alert import Ack, Silence
from ainur_tui.model.alertcalls import Inventory, SilenceView
from ainur_tui.model.board import Finding
from ainur_tui.model.event import Event
from ainur_tui.model.incident import (
    Closed,
    Edited,
    ItemAdded,
    ItemDone,
    Published,
    StatusSet,
    UpdateSent,
)
from ainur_tui.model.incidentcalls import OpenIncident
from ainur_tui.model.series import Series
from ainur_tui.rules.incidents.capsule import capsule
from ainur_tui.rules.incidents.declaring import opened as declared
from ainur_tui.rules.incidents.facts import impact, impact_words, moments
from ainur_tui.rules.incidents.handover import builtins, handover, sheet
from ainur_tui.rules.incidents.messages import fields_of, notification, resolution, services_of
from ainur_tui.rules.incidents.objectives import Objectives
from ainur_tui.rules.incidents.postmortem import postmortem
from ainur_tui.rules.oncall import on_call
from tests.rules.incidentworld import T0, Tale, alert, fold, opened, view

OURS = Objectives()


def handled() -> Tale:
    """An outage as it should be handled."""
    return (
        Tale()
        .event(-30, "deploy", "v142 by deploy@ainur")
        .event(0, "alert", "P1 ApiDown fires", key="alert:ApiDown:api:firing:1")
        .add(150, StatusSet(status="identified", text="v142 leaks connections"))
        .event(160, "deploy", "Roll back · mira", key="run:r1:begun")
        .event(200, "deploy", "Roll back: verified. v141 serves", key="run:r1:ended")
        .event(210, "alert", "P1 ApiDown is over", key="alert:ApiDown:api:resolved:2")
        .add(220, StatusSet(status="resolved", text="rolled back to v141"))
    )


def test_a_declaration_takes_over_the_alert_and_what_it_drags_down() -> None:
    now = T0 + 200
    board = view(alert("DbLost", "db", 90), alert("ApiDown", "api", 60, caused_by="db"))
    found = declared(OpenIncident(key="k", target="db"), board, now)
    assert not isinstance(found, str)
    assert (found.alert, found.severity, found.title) == ("DbLost", "P1", "db is bad")
    assert found.detected_at == T0 + 60, "the folded symptom fired first"
    assert found.services == ["Database", "Frontend"]
    finding = Finding(target="node", text="behind", verdict="warn", since=T0 + 10, severity="P2")
    by_finding = declared(OpenIncident(key="k", target="node"), view(findings=[finding]), now)
    assert not isinstance(by_finding, str)
    assert (by_finding.severity, by_finding.title, by_finding.detected_at) == (
        "P2", "node: behind", T0 + 10,
    )  # fmt: skip
    by_hand = declared(OpenIncident(key="k", target="api", title="breach"), view(), now)
    assert not isinstance(by_hand, str)
    assert (by_hand.severity, by_hand.detected_at, by_hand.alert) == ("P3", now, None)
    assert "target" in str(declared(OpenIncident(key="k", title="x"), view(), now))
    assert "title" in str(declared(OpenIncident(key="k", target="host"), view(), now))


def test_the_notification_is_the_guides() -> None:
    tale = handled()
    found = fold(tale.entries[:-1], OURS)
    text = notification(found, tale.entries, impact="1 of 9 requests", every=1800, now=T0 + 300)
    assert text.splitlines() == [
        "INCIDENT ALERT - Ainur Protocol", "", "Severity: CRITICAL (P1)", "Service: API",
        "Issue: api is down", "Started: 2026-11-24 10:00 UTC", "Impact: so far 1 of 9 requests",
        "Status: IDENTIFIED", "", "Actions taken:", "- 10:03 Roll back: verified. v141 serves", "",
        "Next update: 2026-11-24 10:35 UTC",
    ]  # fmt: skip
    assert text.isascii()


def test_the_next_message_starts_from_the_last() -> None:
    tale = handled()
    sent = ("INCIDENT ALERT - Ainur Protocol\n\nIssue: logins fail\nImpact: nobody can log in\n"
            "Status: FIXING\n\nActions taken:\n- called the provider\n")  # fmt: skip
    tale.add(230, UpdateSent(text=sent, via=["copied"]))
    tale.event(240, "restart", "Restart: verified. ok", key="run:r2:ended")
    tale.event(241, "playbook", "API down: a look", key="playbook:p1:look:1:passed")
    tale.event(242, "playbook", "API down: verified: it serves", key="playbook:p1:verified")
    tale.event(243, "scale", "Scale to 3 · mira", key="run:r3:begun")
    found = fold(tale.entries, OURS)
    text = notification(found, tale.entries, impact="?", every=None, now=T0 + 300)
    assert "Issue: logins fail" in text
    assert "Impact: nobody can log in" in text
    assert text.partition("Actions taken:\n")[2].splitlines()[:5] == [
        "- called the provider", "- 10:04 Restart: verified. ok",
        "- 10:04 API down: verified: it serves", "- 10:04 Scale to 3, under way", "",
    ]  # fmt: skip
    assert "Next update: at the next change" in text
    assert fields_of("Impact: TODO what\n- none yet\n").texts == {}
    assert services_of("api, Workers , nonsense") == ["API", "Workers", "nonsense"]


def test_the_resolution_is_the_guides() -> None:
    found = fold(handled().add(230, Edited(section="prevention", text="a limit")).entries, OURS)
    assert resolution(found, promised=True).splitlines() == [
        "RESOLVED - Ainur Protocol", "", "The incident affecting API has been resolved.", "",
        "Duration: 4 minutes", "Root cause: v142 leaks connections",
        "Resolution: rolled back to v141", "Prevention: a limit", "",
        "Post-mortem will be published within 24 hours.",
    ]  # fmt: skip
    assert "Post-mortem" not in resolution(found, promised=False)


def test_five_moments_are_found_and_missing_ones_are_not_made_up() -> None:
    tale = handled()
    told = moments(fold(tale.entries, OURS), tale.entries)
    assert [m.at and m.at - T0 for m in told] == [0, 120, 150, 200, 210]
    short = Tale(opened(alert=None)).add(300, StatusSet(status="resolved"))
    told = moments(fold(short.entries, OURS), short.entries)
    assert [m.at and m.at - T0 for m in told] == [0, 120, None, None, 300]
    text = postmortem(fold(short.entries, OURS), short.entries, impact="TODO", now=T0 + 999)
    assert "- TODO: Root cause identified" in text
    assert "- TODO: Fix implemented" in text


def test_the_post_mortem_tells_what_the_record_proves() -> None:
    tale = handled().event(205, "restart", "Restart: failed. no answer", key="run:r3:ended")
    tale.add(400, ItemAdded(id="a1", text="limit the pool", owner="jon", due=T0 + 86400))
    tale.add(410, ItemAdded(id="a2", text="alert on leaks", owner="ada"))
    tale.add(420, ItemDone(id="a1"))
    found = fold(tale.entries, OURS)
    text = postmortem(found, tale.entries, impact="9 requests failed", now=T0 + 500)
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == [
        "# Incident Post-Mortem: api is down", "## Summary", "## Timeline", "## Root Cause",
        "## Resolution", "## What Went Well", "## What Went Wrong", "## Action Items",
        "## Lessons Learned", "## Record",
    ]  # fmt: skip
    for line in (
        "- **Duration**: 0 hours 4 minutes", "- **Impact**: 9 requests failed",
        "- 10:02:30: Root cause identified (v142 leaks connections)",
        "- Response: met in 2m 00s (limit 15m 00s)", "- RTO: met in 3m 30s (limit 5m 00s)",
        "- Action without success: Restart: failed. no answer",
        "- Nobody outside was told: no message was sent",
        "- No Technical Lead, no Communications Lead was named",
        "- [x] limit the pool - Owner: jon - Due: 2026-11-25",
        "- [ ] alert on leaks - Owner: ada - Due: TODO",
    ):  # fmt: skip
        assert line in text.splitlines(), line
    assert text.index("v142 by deploy") < text.index("P1 declared")


def series(signal: str, values: list[float | None]) -> Series:
    return Series(target="api", signal=signal, start=T0, step=10.0, values=values)


def test_the_damage_is_measured_and_gaps_are_not_counted() -> None:
    found = impact(
        [
            series("api.up", [1, 0, 0, None, 1, 1]),
            series("api.requests.rate", [20, 20, None, 20, 20, 99]),
            series("api.errors.ratio", [0, 1, 1, 0.5, None, 1]),
        ],
        T0, T0 + 50,
    )  # fmt: skip
    assert found.unavailable == 20
    assert (found.requests, found.failed) == (800, 300)
    assert impact_words(found).startswith("the API was unavailable for 20 s; about 300 of 800")
    assert impact_words(impact([], T0, T0 + 50)).startswith("TODO")
    down = [series("api.up", [0, 0]), series("api.requests.rate", [None, 20]),
            series("api.errors.ratio", [None, 0])]  # fmt: skip
    assert impact_words(impact(down, T0, T0 + 20)) == "the API was unavailable for 20 s"
    quick = [series("api.up", [1, 1]), series("api.latency.p95", [0.02, 0.09])]
    assert impact_words(impact(quick, T0, T0 + 20)) == "the API answered all along"
    slow = [series("api.up", [1, 1]), series("api.latency.p95", [0.02, 0.4])]
    assert impact_words(impact(slow, T0, T0 + 20)).endswith("p95 reached 400 ms")


def test_an_outage_that_ended_by_itself_is_not_told_as_our_work() -> None:
    tale = (
        Tale()
        .event(-3, "state", "machine x ended: exit 137", key="fly:x:1", target="api/machine/x")
        .event(140, "restart", "Restart x: failed. it stays down", key="run:r:ended")
        .event(141, "playbook", "API down: stuck “Restart”: Restart x: failed. it stays down",
               key="playbook:p:restart:0:stuck")
        .event(200, "alert", "P1 ApiDown is over", key="alert:ApiDown:api:resolved:2")
        .add(210, StatusSet(status="resolved"))
    )  # fmt: skip
    found = fold(tale.entries, OURS)
    assert "Resolution: it recovered by itself or by other hands\n" in resolution(
        found, promised=True
    )
    text = postmortem(found, tale.entries, impact="9 requests failed", now=T0 + 300)
    assert "## Resolution\nTODO: what was done: no action here was verified, it recovered" in text
    assert "- 09:59:57, 3.0 s before: machine x ended: exit 137" in text
    assert text.count("it stays down") == 3, "as what went wrong once, and twice in the record"


def test_the_archive_is_the_same_for_the_same_content_and_lists_hashes() -> None:
    files = {"b.txt": b"two", "a/one.json": b"{}"}
    packed = capsule(files, folder="x", at=T0)
    assert packed == capsule(dict(reversed(files.items())), folder="x", at=T0)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as archive:
        assert archive.getnames() == ["x/manifest.json", "x/a/one.json", "x/b.txt"]
        manifest = archive.extractfile("x/manifest.json")
        assert manifest is not None
        listed = json.loads(manifest.read())["files"]
    assert listed[0]["name"] == "a/one.json"
    assert listed[0]["sha256"].startswith("44136fa355b3678a1146ad16f7e8649e94fb4fc2")


def test_turns_on_call_follow_each_other() -> None:
    people, start = ["mira", "jon"], "2026-11-23T10:00Z"
    turn = on_call(people, start, 1, T0)
    assert turn is not None
    assert (turn.who, turn.until, turn.following) == ("jon", T0 + 86400, "mira")
    before = on_call(people, start, 1, T0 - 1)
    assert before is not None
    assert before.who == "mira"
    assert on_call(people, start, 1, T0 - 2 * 86400) is None


def test_the_next_shift_reads_everything_on_one_page() -> None:
    tale = handled().add(400, ItemAdded(id="a1", text="limit the pool", owner="jon", due=T0 + 100))
    done = fold(tale.add(410, Closed()).add(420, Published()).entries, OURS)
    still = fold(Tale().entries, OURS)
    events = [
        Event(key="n", at=T0 + 100, kind="note", target="api", text="the disk hums"),
        Event(key="run:r:begun", at=T0 + 101, kind="restart", target="api", text="Restart - ada"),
        Event(key="run:r:ended", at=T0 + 105, kind="restart", target="api",
              text="Restart: verified. ok"),
        Event(key="playbook:p:look:0:passed", at=T0 + 106, kind="playbook", target="api",
              text="API down: passed a look"),
        Event(key="playbook:p:verified", at=T0 + 110, kind="playbook", target="api",
              text="API down: verified: it serves"),
    ]  # fmt: skip
    mute = Silence(id="s", name="ApiDown", target="", by="ada", reason="load test", at=T0,
                   until=T0 + 900)  # fmt: skip
    inventory = Inventory(rules=[], silences=[SilenceView(silence=mute, mutes=1)], acks=[],
                          deliveries=[], judged_at=T0)  # fmt: skip
    on_it = alert("DbLost", "db", 90, ack=Ack(by="jon", comment="looking", at=T0))
    parts = handover(view(on_it, events=events), [still, done], inventory,
                     on_call(["mira"], "2026-11-23", 7, T0))  # fmt: skip
    page = sheet(parts, "demo", T0 + 200)
    text = page.text
    assert "P1 INVESTIGATING: api is down; commander mira; RTO 1m 40s left" in text
    assert "limit the pool (jon; incident 20261124-1) OVERDUE" in text
    assert "P1 firing db: db is bad (jon is on it: looking)" in text
    assert "ends then: ApiDown on everything, by ada: load test" in text
    assert "the disk hums" in text
    assert "mira until then" in text
    assert "## Actions going on\n- nothing" in text
    assert "## On call\n- not told" in sheet(parts | {"On call": []}, "demo", T0 + 200).text
    assert "## Done in this shift\n- 10:01:45 (1m ago): Restart: verified. ok\n- 10:01:50" in text
    assert "a look" not in text
    assert builtins(page)["parts"][0]["rows"][0]["text"].startswith("down; 9 of 10")
