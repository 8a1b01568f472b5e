"""The record: chained, fsynced, and nothing done to it stays unseen (S-48, F-36)."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from ainur_tui.engine import record
from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.model.secret import Redactor, Secret
from tests.engine.acting import CANARY, Clock


class Files:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"
        self.head = folder / "journal.head"

    def journal(self) -> Journal:
        redact = Redactor([Secret(CANARY)])
        return Journal(self.path, self.head, clock=Clock(), redact=redact, host="box")

    async def fill(self, entries: int) -> None:
        journal = self.journal()
        await journal.open()
        for number in range(entries):
            await journal.append("note", f"r{number}", operator="mira", detail={"n": number})
        journal.close()

    def verdict(self) -> tuple[bool, int | None, bool]:
        found = record.verify(self.path, self.head)
        return found.ok, found.first_bad, found.truncated

    def rewrite(self, lines: list[bytes]) -> None:
        self.path.write_bytes(b"".join(line + b"\n" for line in lines))

    @property
    def lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines()


@pytest.fixture
async def files(tmp_path: Path) -> Files:
    found = Files(tmp_path)
    await found.fill(5)
    return found


async def test_entries_are_chained_and_numbered(files: Files) -> None:
    entries = record.read(files.path)
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0].prev == record.FIRST
    assert [e.prev for e in entries[1:]] == [e.hash for e in entries[:-1]]
    assert entries[0].host == "box"
    assert files.verdict() == (True, None, False)
    assert os.stat(files.path).st_mode & 0o777 == 0o600


async def test_the_hash_is_what_the_documentation_says(files: Files) -> None:
    fields = json.loads(files.lines[2])
    hash = fields.pop("hash")
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == hash


async def test_reading_after_and_the_newest(files: Files) -> None:
    assert [e.seq for e in record.read(files.path, after=3)] == [4, 5]
    assert [e.seq for e in record.read(files.path, limit=2)] == [4, 5]
    assert record.read(files.path.with_name("none")) == []


@pytest.mark.parametrize(
    ("tamper", "first_bad", "truncated"),
    [
        (lambda lines: [*lines[:2], lines[2].replace(b'"n": 2', b'"n": 9'), *lines[3:]], 3, False),
        (lambda lines: [*lines[:2], *lines[3:]], 3, False),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1, False),
        (lambda lines: [*lines[:2], b"{ garbage", *lines[3:]], 3, False),
        (lambda lines: lines[1:], 1, False),
        (lambda lines: lines[:-1], 5, True),
        (lambda lines: lines[:1], 2, True),
        (lambda lines: [], 1, True),
        (lambda lines: [*lines, lines[-1]], 6, False),
    ],
)
async def test_what_was_done_to_it_is_found(
    files: Files, tamper: object, first_bad: int, truncated: bool
) -> None:
    files.rewrite(tamper(files.lines))  # type: ignore[operator]
    assert files.verdict() == (False, first_bad, truncated)


async def test_a_chain_written_anew_does_not_fit_its_anchor(files: Files, tmp_path: Path) -> None:
    other = Files(tmp_path / "other")
    other.path.parent.mkdir()
    await other.fill(4)
    await other.fill(1)
    files.path.write_bytes(other.path.read_bytes().replace(b"box", b"box"))
    forged = [json.loads(line) for line in files.lines]
    prev = record.FIRST
    for fields in forged:
        fields |= {"operator": "nobody", "prev": prev}
        fields["hash"] = prev = record.digest(fields)
    files.rewrite([json.dumps(fields).encode() for fields in forged])
    assert files.verdict() == (False, 5, False)


async def test_an_older_state_put_in_the_place_of_this_one_does_not_fit_a_second_place(
    tmp_path: Path,
) -> None:
    files = Files(tmp_path / "state")
    files.head = tmp_path / "elsewhere" / "p" / "journal.head"
    await files.fill(2)
    older = files.path.read_bytes()
    await files.fill(2)
    files.path.write_bytes(older)
    assert files.verdict() == (False, 3, True)
    assert files.head.parent.stat().st_mode & 0o777 == 0o700


async def test_a_missing_anchor_is_told(files: Files) -> None:
    files.head.unlink()
    assert files.verdict()[0] is False


async def test_a_crash_before_the_anchor_is_no_damage(files: Files) -> None:
    anchor = files.head.read_bytes()
    await files.fill(1)
    files.head.write_bytes(anchor)
    assert files.verdict() == (True, None, False)
    await files.fill(1)
    assert files.verdict() == (True, None, False)


async def test_a_torn_tail_is_set_aside_and_told(files: Files) -> None:
    with files.path.open("ab") as file:
        file.write(b'{"seq": 6, "at": "20')
    assert files.verdict() == (True, None, False)
    journal = files.journal()
    said = await journal.open()
    assert said is not None
    assert "set aside" in said
    entries = await journal.entries()
    journal.close()
    assert entries[-1].kind == "engine"
    assert "set aside" in entries[-1].detail["found"]
    assert files.path.with_name("journal.jsonl.torn").read_bytes() == b'{"seq": 6, "at": "20\n'
    assert files.verdict() == (True, None, False)


async def test_a_cut_tail_stays_visible_for_ever(files: Files) -> None:
    files.rewrite(files.lines[:3])
    journal = files.journal()
    said = await journal.open()
    assert said is not None
    assert "4 to 5 were cut off" in said
    entry = await journal.append("note", "x")
    journal.close()
    assert entry.seq == 7
    assert files.verdict() == (False, 4, False)


async def test_details_are_redacted_and_clean(tmp_path: Path) -> None:
    journal = Files(tmp_path).journal()
    await journal.open()
    detail = {
        "line": f"\x1b[2J{CANARY}",
        "token": "plain",
        "url": "postgresql://u:hunter2hunter2@h/db",
        "number": float("nan"),
        "deep": [{"x": (1, 2.5, None, True)}],
    }
    entry = await journal.append("intent", "r", operator=f"m\n{CANARY}", detail=detail)
    journal.close()
    text = Files(tmp_path).path.read_text()
    assert CANARY not in text
    assert "hunter2" not in text
    assert entry.detail["token"] == "••••••"
    assert entry.detail["number"] is None
    assert entry.detail["deep"] == [{"x": [1, 2.5, None, True]}]
    assert "\x1b" not in entry.detail["line"]
    assert Files(tmp_path).verdict() == (True, None, False)


async def test_unwritable_is_a_state_and_passes(tmp_path: Path) -> None:
    files = Files(tmp_path)
    journal = files.journal()
    await journal.open()
    files.path.mkdir()
    with pytest.raises(JournalUnwritable):
        await journal.append("note", "x")
    said = journal.problem
    assert said
    files.path.rmdir()
    await journal.append("note", "y")
    assert journal.problem is None
    journal.close()
    assert files.verdict() == (True, None, False)


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal = Files(tmp_path / "file").journal()
    said = await journal.open()
    journal.close()
    assert said is not None
    assert "cannot be written" in said
    assert journal.problem
