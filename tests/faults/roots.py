"""Scenarios with a known root: ``python -m tests.faults.roots [--scenarios 20] [--seed N]``.

The seed chooses a fault, or two of which one is the worse or the cause of the other. After a while
the top line of "what is wrong" must name the root: its target, and the trouble in words.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from ainur_tui.client.errors import Disconnected
from ainur_tui.model.board import BoardView
from tests.faults.board import Watcher, watching
from tests.helpers import Miniature, miniature, until

WITHIN = 25.0
"""Seconds in which the root must be named; what is a mean over ten seconds takes longest."""
STAYS = 4.0
"""Seconds after which it must be named still: what follows from a fault shows later than it."""


@dataclass(frozen=True)
class Root:
    """Where a fault's trouble is, and words one of which the line has; ``weight`` decides which of
    two is to be seen to first."""

    target: str
    words: tuple[str, ...]
    weight: int


ROOTS = {
    "api-all-down": Root("api", ("0 of 2", "cannot serve", "no known"), 9),
    "api-hung": Root("api", ("0 of 2", "cannot serve", "answer", "no known"), 9),
    "api-silent": Root("api", ("answer",), 9),
    "db-down": Root("db", ("refuse", "nothing listens", "connect"), 10),
    "db-connections-exhausted": Root("db", ("connection",), 8),
    "api-machine-down": Root("api", ("1 of 2", "machine"), 5),
    "api-5xx": Root("api", ("error",), 6),
    "api-slow": Root("api", ("latency",), 4),
    "api-overload": Root("api", ("latency",), 4),
    "db-idle-in-transaction": Root("db", ("idle in transaction",), 3),
    "db-pool-held": Root("db", ("idle in transaction", "connections"), 4),
    "db-lock-chain": Root("db", ("lock", "wait"), 5),
    "node-stalled": Root("node", ("block",), 5),
    "node-hung": Root("node", ("block",), 5),
    "node-lagging": Root("node", ("behind", "lag", "target"), 5),
    "node-no-peers": Root("node", ("peer",), 5),
    "storage-refuses-writes": Root("storage", ("write",), 5),
    "logs-flood": Root("api", ("log", "lines"), 2),
}
CAUSES = (
    ("db-down", "api-machine-down"), ("db-connections-exhausted", "api-slow"),
    ("db-down", "node-no-peers"), ("api-all-down", "storage-refuses-writes"),
    ("db-lock-chain", "logs-flood"), ("api-hung", "node-hung"),
    ("db-down", "storage-refuses-writes"), ("api-all-down", "db-idle-in-transaction"),
)  # fmt: skip
"""Pairs, the root first: the worse trouble, or what the other may come from."""


def scenarios(seed: int, number: int) -> list[tuple[str, ...]]:
    """So many scenarios, the root of each first: every third is a pair, none comes twice before all
    have come once."""
    rng = random.Random(seed)
    singles: list[tuple[str, ...]] = [(name,) for name in ROOTS]
    pairs: list[tuple[str, ...]] = [*CAUSES]
    rng.shuffle(singles)
    rng.shuffle(pairs)
    one, two = cycle(singles), cycle(pairs)
    return [next(two) if index % 3 == 2 else next(one) for index in range(number)]


def names(root: Root, view: BoardView) -> str:
    """What the top line says wrong of the root; empty when it names it."""
    if not view.findings:
        return "nothing is found"
    top = view.findings[0]
    said = f"{top.target}: {top.text}"
    right = top.target.partition("/")[0] == root.target
    return "" if right and any(word in top.text.lower() for word in root.words) else said


def play(mini: Miniature, watcher: Watcher, faults: tuple[str, ...]) -> str:
    """Break, look until the top line names the root, and once more; empty when it does."""
    root = ROOTS[faults[0]]
    with ExitStack() as broken:
        for fault in faults:
            broken.enter_context(mini.broken(fault))
        end = time.monotonic() + WITHIN
        while names(root, watcher.board()) and time.monotonic() < end:
            time.sleep(0.5)
        time.sleep(STAYS)
        return names(root, watcher.board())


def _ill(watcher: Watcher) -> list[str]:
    """What is wrong, but for this machine's own load, which the trials make themselves."""
    return [one.text for one in watcher.board().findings if one.target != "host"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Does the top line name the root?")
    parser.add_argument("--scenarios", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    hits = 0
    with (
        tempfile.TemporaryDirectory(prefix="ainur-roots-") as folder,
        miniature(Path(folder)) as mini,
        watching(mini) as watcher,
    ):
        for index, faults in enumerate(scenarios(args.seed, args.scenarios)):
            until(lambda: not _ill(watcher), 120, "the miniature is well again")
            try:
                wrong = play(mini, watcher, faults)
            except Disconnected as lost:
                wrong = str(lost)
            hits += not wrong
            print(f"{index + 1:>3} {'hit ' if not wrong else 'MISS'} {' + '.join(faults):<48}"
                  f" {wrong}", flush=True)  # fmt: skip
    print(f"{hits} of {args.scenarios} name the root (seed {args.seed})")
    return int(hits < args.scenarios * 0.9)


if __name__ == "__main__":
    sys.exit(main())
