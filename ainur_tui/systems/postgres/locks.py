"""Who blocks whom, as a tree with the root blocker first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Branch(NamedTuple):
    """A session in the tree of waits. ``waits`` are all that stand behind it, however deep."""

    pid: int
    depth: int
    waits: int


def tree(waits: Mapping[int, Sequence[int]]) -> list[Branch]:
    """Order sessions so that every waiter stands below the one it waits for.

    ``waits`` maps each waiting pid to the pids that block it. Roots (blockers that wait for
    nobody) come first, the one with most behind it leading. A waiter behind several blockers
    stands once, below the first in that order. A deadlock's cycle has no root: its lowest pid
    opens it. Pid 0 (a prepared transaction, which no session owns) is kept as it is.
    """
    behind: dict[int, list[int]] = {}
    for waiter in sorted(waits):
        for blocker in sorted(set(waits[waiter])):
            behind.setdefault(blocker, []).append(waiter)
    weights = {pid: len(_reach(pid, behind)) for pid in {*behind, *waits}}
    roots = sorted((pid for pid in behind if pid not in waits), key=lambda p: (-weights[p], p))
    placed: set[int] = set()
    branches: list[Branch] = []
    for start in [*roots, *sorted(waits)]:
        stack = [(start, 0)]
        while stack:
            pid, depth = stack.pop()
            if pid in placed:
                continue
            placed.add(pid)
            branches.append(Branch(pid, depth, weights[pid]))
            below = sorted(behind.get(pid, ()), key=lambda p: (weights[p], -p))
            stack += [(waiter, depth + 1) for waiter in below]
    return branches


def _reach(start: int, behind: Mapping[int, Sequence[int]]) -> set[int]:
    seen: set[int] = set()
    stack = list(behind.get(start, ()))
    while stack:
        pid = stack.pop()
        if pid != start and pid not in seen:
            seen.add(pid)
            stack += behind.get(pid, ())
    return seen
