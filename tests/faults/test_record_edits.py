"""A thousand edits and cuts of the record, each found (S-48)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from ainur_tui.engine import record
from tests.engine.acting import MIRA, Restart, World1, call

TIMES = 1000
Edit = Callable[[list[bytes], random.Random], None]


def a_byte(lines: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    place = rng.randrange(len(lines[at]))
    other = rng.choice([value for value in range(256) if value not in (lines[at][place], 10)])
    lines[at] = lines[at][:place] + bytes([other]) + lines[at][place + 1 :]


def a_field(lines: list[bytes], rng: random.Random) -> None:
    at, fields = _picked(lines, rng)
    fields[rng.choice(["at", "operator", "target", "state", "action"])] = "another"
    lines[at] = json.dumps(fields).encode()


def a_field_with_a_new_hash(lines: list[bytes], rng: random.Random) -> None:
    at, fields = _picked(lines, rng)
    fields["operator"] = "nobody"
    fields["hash"] = record.digest(fields)
    lines[at] = json.dumps(fields).encode()


def all_hashes_from_there(lines: list[bytes], rng: random.Random) -> None:
    at, fields = _picked(lines, rng)
    fields["operator"] = "nobody"
    prev = fields["prev"]
    for index in range(at, len(lines)):
        one = fields if index == at else json.loads(lines[index])
        one["prev"] = prev
        prev = one["hash"] = record.digest(one)
        lines[index] = json.dumps(one).encode()


def gone(lines: list[bytes], rng: random.Random) -> None:
    del lines[rng.randrange(len(lines))]


def twice(lines: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    lines.insert(at, lines[at])


def swapped(lines: list[bytes], rng: random.Random) -> None:
    one, other = rng.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]


def cut_off(lines: list[bytes], rng: random.Random) -> None:
    del lines[rng.randrange(len(lines)) :]


def the_same_in_other_words(lines: list[bytes], rng: random.Random) -> None:
    at, fields = _picked(lines, rng)
    lines[at] = json.dumps(fields, indent=None, separators=(",", ":")).encode()


def a_forged_entry_at_the_end(lines: list[bytes], rng: random.Random) -> None:
    last = json.loads(lines[-1])
    forged = last | {"seq": last["seq"] + 2, "prev": last["hash"]}
    forged["hash"] = record.digest(forged)
    lines.append(json.dumps(forged).encode())


EDITS: list[Edit] = [
    a_byte, a_field, a_field_with_a_new_hash, all_hashes_from_there, gone, twice, swapped, cut_off,
    the_same_in_other_words, a_forged_entry_at_the_end,
]  # fmt: skip


def _picked(lines: list[bytes], rng: random.Random) -> tuple[int, dict[str, str]]:
    at = rng.randrange(len(lines))
    return at, json.loads(lines[at])


async def test_every_edit_is_found(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()
    for number in range(4):
        run = await world.executor.run(call(key=str(number), reason="näher ✓"), MIRA)
        await world.ended(run)
    path, head = world.journal.path, world.journal.head
    assert record.verify(path, head).ok
    whole = path.read_bytes()
    rng, missed = random.Random(48), []
    for number in range(TIMES):
        edit = EDITS[number % len(EDITS)]
        lines = whole.splitlines()
        edit(lines, rng)
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        verdict = record.verify(path, head)
        if verdict.ok or verdict.first_bad is None or not verdict.reason:
            missed.append((edit.__name__, number))
    assert missed == []


async def test_a_cut_at_any_byte_is_found(tmp_path: Path) -> None:
    world = await World1(tmp_path, Restart()).open()
    await world.ended(await world.executor.run(call(), MIRA))
    path, head = world.journal.path, world.journal.head
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert not record.verify(path, head).ok, length
