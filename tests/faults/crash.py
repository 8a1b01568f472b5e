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
from tests.faults.platform import platform
from tests.faults.trial import POINTS, Outcome, trial

STATES = ("not begun", "verified", "failed", "unknown")


async def trials(folder: Path, number: int, seed: int, lanes: int = 4) -> list[Outcome]:
    """Run them, a few environments at the same time; the seed decides each trial wholly."""
    left = iter(range(number))
    found: list[Outcome] = []

    async def lane(name: int) -> None:
        place = folder / f"lane-{name}"
        place.mkdir()
        async with platform() as world:
            one = Lane(place, world)
            try:
                for index in left:
                    outcome = await trial(one, index, random.Random(f"{seed}-{index}"))
                    found.append(outcome)
                    for words in outcome.bad:
                        sys.stderr.write(f"trial {index} ({outcome.point}): {words}\n")
            finally:
                one.kill()
                await one.killed()

    await asyncio.gather(*(lane(name) for name in range(min(lanes, number))))
    return found


def table(outcomes: list[Outcome]) -> str:
    """Where the kills fell against what was said in the end."""
    rows: list[tuple[str, ...]] = [("killed", "trials", *STATES, "torn", "wrong")]
    for point in (*POINTS, "all"):
        those = [one for one in outcomes if point in (one.point, "all")]
        states = Counter(one.state for one in those)
        torn, wrong = sum(one.torn for one in those), sum(bool(one.bad) for one in those)
        counts = [len(those), *(states[state] for state in STATES), torn, wrong]
        rows.append((point, *map(str, counts)))
    actions = Counter(one.action for one in outcomes)
    lines = [f"{row[0]:<28}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]
    return "\n".join([*lines, "actions: " + ", ".join(f"{k} {v}" for k, v in actions.items())])


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill engines at random points and judge.")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=4)
    args = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ainur-crash-") as folder:
        found = asyncio.run(trials(Path(folder), args.trials, args.seed, args.lanes))
    print(table(found))
    print(f"{len(found)} trials, seed {args.seed}, {time.monotonic() - begun:.0f} s")
    return int(any(one.bad or one.state not in STATES for one in found))


if __name__ == "__main__":
    sys.exit(main())
