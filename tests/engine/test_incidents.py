"""Incidents in a whole engine: fed by what happens, kept over deaths, packed with evidence."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ainur_tui.engine.service import Engine
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.alert import Alert
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.model.incident import (
    Closed,
    EvidenceKept,
    Happened,
    Incident,
    Noted,
    StatusSet,
    UpdateSent,
)
from ainur_tui.model.incidentcalls import (
    ChangeIncident,
    IncidentQuery,
    KeepEvidence,
    OpenIncident,
    SendUpdate,
)
from ainur_tui.model.runcalls import RunCall
from ainur_tui.systems.telling import Writer
from tests.engine.acting import CANARY
from tests.engine.engines import Little, connected, engine, serving, until
from tests.faults.incidents import keeper
from tests.systems.web import FakeClock

PEER = Peer("mira", "operate", "pts/1")


async def declared(made: Engine, key: str = "k") -> Incident:
    call = OpenIncident(key=key, target="api", title="it burns", severity="P1")
    return await made.incidents.open(call, PEER)


def happened(made: Engine) -> list[str]:
    entries = made.incidents.file("").entries
    return [entry.what.event.key for entry in entries if isinstance(entry.what, Happened)]


def event(made: Engine, key: str, ago: float = 0.0) -> Event:
    return Event(key=key, at=made.now() - ago, kind="deploy", target="api", text=f"deploy {key}")


async def test_what_happens_is_taken_once_and_what_led_to_it_too(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        made.add_event(event(made, "long ago", ago=1000))
        made.add_event(event(made, "just before", ago=60))
        found = await declared(made)
        assert made.incidents.current("api/machine/x") == found.id
        assert made.incidents.current("db") is None
        for _ in range(3):
            made.add_event(event(made, "meanwhile"))
        await until(lambda: "meanwhile" in happened(made))
        assert [k for k in happened(made) if not k.startswith("state")] == [
            "just before", "meanwhile",
        ]  # fmt: skip
        told = {e.what.event.key: e.what.before for e in made.incidents.file("").entries
                if isinstance(e.what, Happened)}  # fmt: skip
        assert (told["just before"], told["meanwhile"]) == (True, False)
        assert [e.kind for e in made.view().events][-1] in {"deploy", "incident"}
        assert made.view().incidents[0].id == found.id


async def test_of_two_incidents_each_hears_what_concerns_it(tmp_path: Path) -> None:
    made = keeper(tmp_path)
    await made.start(writable=True)
    ids = {
        target: (await made.open(OpenIncident(key=target, target=target, title="x"), PEER)).id
        for target in ("storage", "db")
    }
    for target in ("db", "storage/ainur-backups", "api"):
        made.saw(Event(key=target, at=time.time(), kind="deploy", target=target, text="changed"))
    await made.stop()
    made = keeper(tmp_path)
    await made.start(writable=False)
    heard = {
        target: {e.what.event.key for e in made.file(id).entries if isinstance(e.what, Happened)}
        for target, id in ids.items()
    }
    assert heard == {"storage": {"storage/ainur-backups", "api"}, "db": {"db", "api"}}
    assert made.get("").id == ids["db"], "without a name it is the newest that is open"
    await made.stop()


async def test_a_playbook_is_told_where_its_target_has_an_incident(tmp_path: Path) -> None:
    made = keeper(tmp_path)
    await made.start(writable=True)

    def step(number: int) -> Event:
        return Event(key=f"playbook:p:{number}", at=time.time(), kind="playbook", target="db",
                     text="Database: passed a look")  # fmt: skip

    def told(id: str) -> set[str]:
        return {e.what.event.key for e in made.file(id).entries if isinstance(e.what, Happened)}

    api = (await made.open(OpenIncident(key="a", target="api", title="x"), PEER)).id
    made.saw(step(1))
    db = (await made.open(OpenIncident(key="d", target="db", title="x"), PEER)).id
    made.saw(step(2))
    await made.stop()
    assert told(api) == {"playbook:p:1"}, "nobody else's yet"
    assert "playbook:p:2" in told(db)


async def test_the_end_of_an_action_is_on_the_timeline_also_when_it_is_well(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as made, await connected(tmp_path) as remote:
        await declared(made)
        run = await remote.call("run", RunCall(action="restart", target="api", key="r"))
        await until(lambda: f"event:run:{run.id}:ended" in
                    {e.key for e in made.incidents.file("").entries})  # fmt: skip
        assert f"run:{run.id}:begun" in happened(made)


async def test_a_storm_of_happenings_is_taken_whole(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        await declared(made)
        names = {f"storm {n}" for n in range(500)}
        for name in names:
            made.add_event(event(made, name))
        await until(lambda: names <= set(happened(made)))


async def test_an_edited_post_mortem_is_kept_and_taken_over(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        await declared(made)
        text = (await made.evidence.drafts("")).postmortem
        text = text.replace("TODO: what caused it, and why it could", "a leak\nin v142")
        call = KeepEvidence(data=text, about="edited", name="postmortem.md")
        for _ in range(2):
            await made.evidence.keep(call, PEER)
        found = made.incidents.get("")
        assert found.texts == {"cause": "a leak in v142"}
        assert "## Root Cause\na leak in v142\n" in (await made.evidence.drafts("")).postmortem
        kept = [one.name for one in found.evidence if one.name.startswith("postmortem")]
        assert len(kept) == 1


async def test_a_record_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        await declared(made)
    file = tmp_path / "state/incidents/incidents.sqlite"
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    async with engine(tmp_path) as made:
        assert any("newer version" in words for words in made.view().notices)
        with pytest.raises(Refused, match="cannot be written"):
            await declared(made, "x")
    assert file.read_bytes() == before


async def test_one_entry_that_cannot_be_read_costs_itself(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        await declared(made)
        await made.incidents.change(ChangeIncident(key="n", what=Noted(text="one")), PEER)
    with sqlite3.connect(tmp_path / "state/incidents/incidents.sqlite") as other:
        words = "INSERT INTO entry (incident, key, body) VALUES ('x', 'y', '{}')"
        other.execute(words)
    async with engine(tmp_path) as made:
        assert any("1 entries" in words for words in made.view().notices)
        assert any(isinstance(e.what, Noted) for e in made.incidents.file("").entries)


async def test_a_second_call_of_one_key_is_the_same(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        one, other = await asyncio.gather(declared(made), declared(made))
        assert one.id == other.id
        note = ChangeIncident(key="n", what=Noted(text="once"))
        await made.incidents.change(note, PEER)
        await made.incidents.change(note, Peer("jon"))
        notes = [e for e in made.incidents.file("").entries if isinstance(e.what, Noted)]
        assert [(e.operator, e.tty) for e in notes] == [("mira", "pts/1")]
        with pytest.raises(Refused, match="resolved first"):
            await made.incidents.change(ChangeIncident(key="c", what=Closed()), PEER)
        second = await declared(made, "another")
        assert second.id != one.id


async def test_a_new_engine_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    async with engine(tmp_path) as made:
        found = await declared(made)
        await made.incidents.change(ChangeIncident(key="n", what=Noted(text="one")), PEER)
        before = made.incidents.file("").entries
    async with engine(tmp_path) as made:
        assert {e.key for e in before} <= {e.key for e in made.incidents.file("").entries}
        await made.incidents.change(ChangeIncident(key="n2", what=Noted(text="two")), PEER)
        assert made.incidents.get(found.id).status == "investigating"
    async with engine(tmp_path, watching=False) as made:
        assert made.incidents.get("").id == found.id
        with pytest.raises(Refused, match="not running"):
            await declared(made, "x")


async def test_evidence_is_kept_masked_and_packed(tmp_path: Path) -> None:
    little = Little()
    async with engine(tmp_path, little) as made:
        found = await declared(made)
        words = Noted(text=f"the password is {CANARY}\x1b[2J")
        await made.incidents.change(ChangeIncident(key="n", what=words), PEER)
        kept = KeepEvidence(data=f'{{"m": "{CANARY}"}}\n', about="a selection")
        await made.evidence.keep(kept, PEER)
        await made.incidents.change(
            ChangeIncident(key="s", what=StatusSet(status="resolved", text="cooled")), PEER
        )
        await made.evidence.stop()
        names = {e.what.name.partition("-")[0] for e in made.incidents.file("").entries
                 if isinstance(e.what, EvidenceKept)}  # fmt: skip
        assert {"board", "log", "charts"} <= names
        drafts = await made.evidence.drafts("")
        assert drafts.message.startswith("RESOLVED")
        await made.incidents.change(
            ChangeIncident(key="u", what=UpdateSent(text=drafts.message, via=["copied"])), PEER
        )
        packed = await made.evidence.capsule(found.id)
    with tarfile.open(packed.path) as archive:
        parts = {m.name.partition("/")[2]: archive.extractfile(m) for m in archive.getmembers()}
        content = {name: file.read() for name, file in parts.items() if file}
    assert {"manifest.json", "timeline.json", "postmortem.md", "messages/01.txt", "journal.jsonl",
            "board.json"} <= content.keys()  # fmt: skip
    assert not [name for name, data in content.items() if CANARY.encode() in data]
    told = json.loads(content["timeline.json"])
    assert told["incident"] == found.id
    assert "\\u001b" not in content["timeline.json"].decode()
    assert content["messages/01.txt"].decode().count("\n") > 5, "a message keeps its lines"


async def test_clocks_that_run_out_are_on_the_record_once(tmp_path: Path) -> None:
    clock = FakeClock(1_795_514_400.0)
    made = keeper(tmp_path, clock)
    await made.start(writable=True)
    call = OpenIncident(key="k", target="frontend", title="slow", severity="P1")
    await made.open(call, PEER)
    clock.at += 150
    await until(lambda: made.get("").breaches == ["rto"])
    clock.at += 3600
    await until(lambda: made.get("").breaches == ["rto", "update"])
    keys = [e.key for e in made.file("").entries if e.key.startswith("breach:rto")]
    assert len(keys) == 1
    await made.stop()


class Letterbox(Writer):
    """Takes what it is given, or fails as it is told."""

    def __init__(self, name: str, why: str = "") -> None:
        self.name = name
        self.taken: list[tuple[str, str]] = []
        self._why = why

    async def write(self, title: str, body: str) -> None:
        if self._why:
            raise ProbeFailure("unavailable", self._why)
        self.taken.append((title, body))


async def test_a_message_goes_to_everybody_who_takes_texts(tmp_path: Path) -> None:
    async with serving(tmp_path) as made, await connected(tmp_path) as remote:
        await declared(made)
        with pytest.raises(Refused, match="no notifier"):
            await remote.call("incident.send", SendUpdate(text="it burns"))
        pager, mail = Letterbox("pager", "full"), Letterbox("mail")
        made.judging = replace(made.judging, writers=[pager])
        with pytest.raises(Refused, match=r"pager: .*full"):
            await remote.call("incident.send", SendUpdate(text="it burns"))
        made.judging = replace(made.judging, writers=[pager, mail])
        found = await remote.call("incident.send", SendUpdate(text="it burns\nbadly"))
        assert (found.updates, mail.taken) == (1, [("it burns", "it burns\nbadly")])
        entries = made.incidents.file("").entries
        (told,) = [e.what for e in entries if isinstance(e.what, UpdateSent)]
        assert told.via[0] == "sent to mail"
        assert "full" in told.via[1]


async def test_who_may_only_read_changes_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as made, await connected(tmp_path, "read") as remote:
        await declared(made)
        assert (await remote.call("incident.show", IncidentQuery())).incident.title == "it burns"
        with pytest.raises(Refused, match="may only read"):
            await remote.call("incident.change", ChangeIncident(key="x", what=Noted(text="x")))


async def test_a_damaged_record_is_set_aside_and_a_full_disk_is_told(tmp_path: Path) -> None:
    file = tmp_path / "state/incidents/incidents.sqlite"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"SQLite format 3\x00" + b"garbage" * 900)
    async with engine(tmp_path) as made:
        assert any("record of incidents" in words for words in made.view().notices)
        await declared(made)
        with sqlite3.connect(file) as other:
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                other.execute("DELETE FROM entry")
            other.rollback()
            other.execute("BEGIN IMMEDIATE")
            note = ChangeIncident(key="n", what=Noted(text="while it is held"))
            with pytest.raises(Refused, match="cannot be written"):
                await made.incidents.change(note, PEER)
            assert made.incidents.problem is not None
            other.rollback()
        await made.incidents.change(note, PEER)
        assert made.incidents.problem is None
    assert list(file.parent.glob("incidents.sqlite.bad-*"))


async def test_who_begins_a_playbook_on_what_fires_has_declared_it(tmp_path: Path) -> None:
    fires = Alert(name="ApiDown", target="api", state="firing", severity="P1",
                  since=1_795_514_390.0, summary="api does not serve")  # fmt: skip
    made = keeper(tmp_path, FakeClock(1_795_514_400.0), [fires])
    await made.start(writable=True)
    id = await made.concerning("api", PEER)
    assert id is not None
    assert id == await made.concerning("api/machine/x", PEER)
    found = made.get(id)
    assert (found.alert, found.opened_by, found.title) == ("ApiDown", "mira", "api does not serve")
    assert found.detected_at == fires.since
    assert await made.concerning("db", PEER) is None
    await made.stop()
