"""Crash trials: ``python -m tests.faults.crash --trials 200 [--seed N] [--lanes N]``.

Prints a table of where the kills fell and what the verdicts were, then whatever did not hold.
Ends with 1 when anything did not.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.lane import Lane
from tests.faults.nursery import nursery
from tests.faults.platform import platform
from tests.faults.trial import POINTS, Outcome, trial
from tests.systems.conftest import a_postgres

STATES = ("not begun", "verified", "failed", "unknown")


async def trials(
    folder: Path, number: int, seed: int, lanes: int = 4, database: tuple[str, ...] = ()
) -> list[Outcome]:
    """Run them, a few environments at the same time; the seed decides each trial wholly.
    ``database``: as a :class:`Lane` takes it."""
    left = iter(range(number))
    found: list[Outcome] = []

    async def lane(name: int) -> None:
        place = folder / f"lane-{name}"
        place.mkdir()
        async with platform() as world:
            one = Lane(place, world, engines, database)
            try:
                for index in left:
                    outcome = await trial(one, index, random.Random(f"{seed}-{index}"))
                    found.append(outcome)
                    for words in outcome.bad:
                        sys.stderr.write(f"trial {index} ({outcome.point}): {words}\n")
            finally:
                one.kill()
                await one.killed()

    async with nursery() as engines:
        await asyncio.gather(*(lane(name) for name in range(min(lanes, number))))
    return found


def table(outcomes: list[Outcome]) -> str:
    """Where the kills fell against what was said in the end."""
    lines = [_row("killed", "trials", *STATES, "torn", "twice", "wrong")]
    lines += [_sum(point, [one for one in outcomes if one.point == point]) for point in POINTS]
    lines += [
        _sum("all", outcomes),
        "",
        _row("action", "trials", *STATES, "torn", "twice", "wrong"),
    ]
    for action in sorted({one.action for one in outcomes}):
        lines.append(_sum(action, [one for one in outcomes if one.action == action]))
    handed = Counter(one.said for one in outcomes if one.state == "unknown")
    lines += [
        "",
        "handed to the operator as unknown:",
        *(f"  {n} × {w}" for w, n in handed.items()),
    ]
    return "\n".join(lines)


def _sum(name: str, those: list[Outcome]) -> str:
    states = Counter(one.state for one in those)
    counts = [
        sum(map(bool, column))
        for column in zip(*((o.torn, o.again, o.bad) for o in those), strict=True)
    ]
    return _row(name, len(those), *(states[state] for state in STATES), *(counts or [0, 0, 0]))


def _row(name: str, *cells: object) -> str:
    return f"{name:<28}" + "".join(f"{cell!s:>11}" for cell in cells)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill engines at random points and judge.")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=4)
    args = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ainur-crash-") as folder, a_postgres() as server:
        database = (server.dsn().reveal(), str(server.bin))
        found = asyncio.run(trials(Path(folder), args.trials, args.seed, args.lanes, database))
    print(table(found))
    print(f"{len(found)} trials, seed {args.seed}, {time.monotonic() - begun:.0f} s")
    return int(any(one.bad or one.state not in STATES for one in found))


if __name__ == "__main__":
    sys.exit(main())
