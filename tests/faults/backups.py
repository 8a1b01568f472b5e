"""Backups under faults: ``python -m tests.faults.backups [--trials 100] [--seed 1]``.

Each trial makes one backup fail at a random point, takes the next one undisturbed, restores every
backup that is called complete, and prunes. What must hold: nothing is called complete that does
not restore, no proven backup is lost, nothing unfinished lies about after the next backup.
Ends with 1 when anything did not.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.systems.postgres.backup import directory
from tests.faults.backup_lab import Lab
from tests.faults.backup_store import KINDS, Front, Trouble
from tests.systems.conftest import Server, Store, a_postgres, a_store

STAGES = ("the dump dies", "the disk is full", *(f"the store {kind}" for kind in KINDS),
          "the engine is killed", "a byte is changed", "an object is cut")  # fmt: skip
AT_REST = STAGES[-2:]
FILL = """
CREATE TABLE IF NOT EXISTS goods AS
SELECT i AS id, md5(i::text) || md5((i * 3)::text) || md5((i * 7)::text) AS about
  FROM generate_series(1, {rows}) AS i
"""
REQUESTS = 17
"""About as many requests as a backup of these makes."""


@dataclass
class Outcome:
    """``said``: what became of the disturbed backup. ``bad`` is what did not hold."""

    stage: str
    said: str = ""
    bad: list[str] = field(default_factory=list)


def _spoil(path: Path, stage: str, rng: random.Random) -> None:
    with path.open("r+b") as file:
        at = rng.randrange(path.stat().st_size)
        if stage == AT_REST[1]:
            file.truncate(at)
            return
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ (1 << rng.randrange(8))]))


@contextmanager
def _disturbed(lab: Lab, front: Front, stage: str, rng: random.Random) -> Iterator[None]:
    """The world in which one backup is taken."""
    whole, front_kind = directory._write_all, stage.removeprefix("the store ")
    if front_kind in KINDS:
        lab.patience = 2.0 if front_kind == "hangs" else lab.patience
        front.anew(Trouble(front_kind, rng.randrange(1, REQUESTS), rng.choice((1, 1, 2, 99))))
    elif stage == STAGES[0]:
        program = Path(lab.folder, "pg_dump")
        ends = rng.choice(("exit 1", "kill -9 $$", "exit 0"))
        program.write_text(
            f'#!/bin/sh\ncase "$1" in --version) exec {lab.bin}/pg_dump "$1";; esac\n'
            f'{lab.bin}/pg_dump "$@" | head -c {rng.randrange(6, lab.goods * 90)}\n{ends}\n'
        )
        program.chmod(0o755)
        lab.pg_dump = str(program)
    elif stage == STAGES[1]:
        room = rng.randrange(lab.goods * 50)

        def full(file: int, data: bytes) -> None:
            nonlocal room
            if len(data) > room:
                os.write(file, data[:room])
                raise OSError(errno.ENOSPC, "No space left on device")
            room -= len(data)
            whole(file, data)

        directory._write_all = full
    try:
        yield
    finally:
        directory._write_all, lab.pg_dump, lab.patience = whole, None, 20.0
        front.anew()


async def _disturb(lab: Lab, front: Front, stage: str, rng: random.Random) -> str:
    if stage == "the engine is killed":
        return await _kill(lab, front, rng)
    try:
        with _disturbed(lab, front, stage, rng):
            taken = await lab.act("backup")
    except (ActionFailure, ProbeFailure):
        return "failed"
    if stage in AT_REST:
        here = next(place for place in taken["backup"]["locations"] if place[0] == "/")
        _spoil(Path(here), stage, rng)
        return "spoilt"
    return "complete"


async def _kill(lab: Lab, front: Front, rng: random.Random) -> str:
    """SIGKILL as the store sees a request, or a moment after."""
    wanted, late, due = rng.randrange(1, REQUESTS), rng.uniform(0, 0.1), asyncio.Event()
    loop = asyncio.get_running_loop()
    front.anew()
    front.at = lambda number: number == wanted and loop.call_soon_threadsafe(due.set)  # type: ignore[assignment]
    process = await asyncio.to_thread(lab.begin)
    ended = asyncio.create_task(asyncio.to_thread(process.wait))
    killing = asyncio.create_task(due.wait())
    await asyncio.wait({ended, killing}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    await asyncio.sleep(late if not ended.done() else 0)
    if not ended.done():
        os.killpg(process.pid, signal.SIGKILL)
    killing.cancel()
    front.anew()
    return "killed" if await ended < 0 else "complete"


async def trial(lab: Lab, front: Front, stage: str, rng: random.Random) -> Outcome:
    """Raises nothing that a trial may bring; what did not hold is in the outcome."""
    found = Outcome(stage)
    proven = {row["id"]: row["sha256"] for row in await lab.rows() if row["verified_at"]}
    found.said = await _disturb(lab, front, stage, rng)
    lab.day += 1
    try:
        following = (await lab.act("backup"))["backup"]["id"]
        found.bad += await _strays(lab)
        await lab.act("verify", id=following)
        for row in await lab.rows():
            if row["state"] == "complete" and not row["verified_at"]:
                found.bad += await _restores(lab, row["id"], stage)
        pruned = (await lab.act("prune"))["removed"]
        left = {row["id"]: row for row in await lab.rows()}
        for id, sha256 in proven.items():
            if id not in pruned and (id not in left or left[id]["sha256"] != sha256
                                     or left[id]["state"] != "complete"):  # fmt: skip
                found.bad.append(f"the proven {id} is lost")
        if not left[following]["verified_at"] or following in pruned:
            found.bad.append("the newest proven backup is lost")
    except (ActionFailure, ProbeFailure) as error:
        found.bad.append(f"afterwards: {error}")
    lab.day += 1
    return found


async def _strays(lab: Lab) -> list[str]:
    uploads = await lab.bucket().multipart.list(lab.prefix)
    parts = [path.name for path in lab.directory.glob("*.partial")]
    open_ = [row["id"] for row in await lab.rows() if row["state"] in {"partial", "running"}]
    return [f"left: {one}" for one in (*(up.key for up in uploads), *parts, *open_)]


async def _restores(lab: Lab, id: str, stage: str) -> list[str]:
    """Whether what is called complete restores; what was spoilt afterwards must be found out."""
    try:
        await lab.act("verify", id=id)
    except ActionFailure as error:
        row = next(row for row in await lab.rows() if row["id"] == id)
        known = any(place[0] == "/" for place in row["locations"])
        return [f"called complete: {error}"] if stage not in AT_REST or known else []
    return ["spoilt and yet proven"] if stage in AT_REST else []


async def trials(
    server: Server, store: Store, folder: Path, number: int, seed: int, rows: int,
    stages: Sequence[str] = STAGES,
) -> list[Outcome]:  # fmt: skip
    """Run them one after another; the seed decides each wholly."""
    front = Front(store.endpoint)
    section = store.section
    lab = Lab(
        server.dsn(database="lab").reveal(), str(server.bin), front.endpoint,
        str(section.access_key_id), str(section.secret_access_key), str(folder),
        f"lab-{seed}/", rows,
    )  # fmt: skip
    try:
        for database, statement in (("ainur", "CREATE DATABASE lab"), ("lab", FILL)):
            connection = await asyncpg.connect(server.dsn(database=database).reveal())
            await connection.execute(statement.format(rows=rows))
            await connection.close()
        found = []
        for index in range(number):
            rng = random.Random(f"{seed}-{index}")
            began = time.monotonic()
            outcome = await trial(lab, front, stages[index % len(stages)], rng)
            found.append(outcome)
            seconds = time.monotonic() - began
            sys.stderr.write(f"{index}: {outcome.stage}: {outcome.said} ({seconds:.1f} s)\n")
            sys.stderr.writelines(f"  {words}\n" for words in outcome.bad)
        return found
    finally:
        front.close()


def table(outcomes: list[Outcome]) -> str:
    """What was done against what became of it."""
    ends = ("failed", "killed", "complete", "spoilt")
    lines = [f"{'':28}{'trials':>8}" + "".join(f"{end:>10}" for end in ends) + f"{'wrong':>8}"]
    for stage in (*STAGES, "all"):
        those = [one for one in outcomes if stage in {one.stage, "all"}]
        said = Counter(one.said for one in those)
        lines.append(f"{stage:28}{len(those):8}" + "".join(f"{said[end]:10}" for end in ends)
                     + f"{sum(bool(one.bad) for one in those):8}")  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """Run and print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--trials", type=int, default=100)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--stage", choices=STAGES, help="only this one")
    words.add_argument("--rows", type=int, default=110_000)
    asked = words.parse_args()
    with a_postgres() as server, a_store() as store, tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(
            trials(
                server,
                store,
                Path(folder),
                asked.trials,
                asked.seed,
                asked.rows,
                (asked.stage,) if asked.stage else STAGES,
            )
        )
    print(table(found))
    return 1 if any(one.bad for one in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
