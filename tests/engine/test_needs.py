"""Who needs whom, edited: refused where it cannot hold, kept over restarts, on the record."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ainur_tui.engine.board.needs import Needs
from ainur_tui.engine.journal import Journal
from ainur_tui.model.event import Event
from ainur_tui.model.failure import Refused
from ainur_tui.model.needscalls import NeedsCall
from ainur_tui.model.secret import Redactor
from tests.engine.acting import MIRA, Clock

DEFAULT = {"frontend": ("api",), "api": ("db", "node")}
WITH_HOST = {"frontend": ["api"], "api": ["db", "node"], "db": ["host"]}


class World:
    """The edited graph over real files."""

    def __init__(self, place: Path) -> None:
        self.path = place / "needs.json"
        self.clock = Clock()
        self.events: list[Event] = []
        self.journal = Journal(
            place / "journal.jsonl", place / "journal.head", clock=self.clock, redact=Redactor()
        )
        self.needs = Needs(
            self.path, DEFAULT, self.journal, self.clock,
            targets=lambda: ["api", "api/machine/1", "storage/backups"], event=self.events.append,
        )  # fmt: skip

    async def put(self, needs: dict[str, list[str]] | None) -> None:
        await self.needs.put(NeedsCall(needs=needs), MIRA)


async def test_an_edit_holds_at_once_and_outlives_the_engine(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.needs.graph.dependants("host") == []
    await world.put(WITH_HOST)
    assert world.needs.graph.dependants("host") == ["db", "api", "frontend"]
    assert world.needs.graph.cause("api", {"api": "down", "db": "down", "host": "down"}) == "host"
    assert world.path.stat().st_mode & 0o777 == 0o600
    later = World(tmp_path)
    assert later.needs.load() is None
    assert later.needs.view().needs == WITH_HOST
    assert later.needs.view().edited_by == "mira"
    (entry,) = await world.journal.entries()
    assert (entry.kind, entry.action, entry.state, entry.operator) == (
        "note", "needs", "edited", "mira",
    )  # fmt: skip
    assert "db needs host too" in entry.detail["change"]
    assert "db needs host too" in world.events[0].text


async def test_the_configurations_graph_is_restored(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.put(WITH_HOST)
    await world.put(None)
    assert not world.path.exists()
    view = world.needs.view()
    assert view.needs == view.default == {"frontend": ["api"], "api": ["db", "node"]}
    assert view.edited_by is None
    assert [e.state for e in await world.journal.entries()] == ["edited", "restored"]


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"db": ["api"], "api": ["db"]}, "db would need itself: db → api → db"),
        ({"api": ["api"]}, "api would need itself"),
        ({"api": ["databse"]}, "no target 'databse'; known are .*api.*db"),
        ({"api": ["api/machine/1"]}, "no target 'api/machine/1'"),
    ],
)
async def test_what_cannot_hold_is_refused_in_words(
    tmp_path: Path, needs: dict[str, list[str]], words: str
) -> None:
    world = World(tmp_path)
    with pytest.raises(Refused, match=words):
        await world.put(needs)
    assert not world.path.exists()
    assert world.needs.graph.needs("api") == ["db", "node"]


async def test_two_editors_do_not_overwrite_each_other(tmp_path: Path) -> None:
    world = World(tmp_path)
    seen = world.needs.view().needs
    await world.put(WITH_HOST)
    with pytest.raises(Refused, match="meanwhile"):
        await world.needs.put(NeedsCall(needs={"api": ["storage"]}, seen=seen), MIRA)
    assert world.needs.view().needs == WITH_HOST


async def test_without_a_record_nothing_changes(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.journal.path.mkdir()
    with pytest.raises(Refused, match="nothing is changed"):
        await world.put(WITH_HOST)
    assert world.needs.graph.needs("db") == []
    assert not world.path.exists()


@pytest.mark.parametrize(
    "text",
    [
        "not json", '{"needs": {"db": ["api"], "api": ["db"]}, "by": "m", "at": 1}',
        '{"needs": {"moon": ["api"]}, "by": "m", "at": 1}', "loose",
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_used_is_told_and_left_alone(tmp_path: Path, text: str) -> None:
    world = World(tmp_path)
    world.path.write_text(text)
    os.chmod(world.path, 0o666 if text == "loose" else 0o600)
    assert "as configured" in (world.needs.load() or "")
    assert world.needs.view().edited_by is None
    assert world.needs.graph.needs("api") == ["db", "node"]
    assert world.path.read_text() == text
