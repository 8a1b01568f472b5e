"""Who needs whom: what a trouble drags down, and what explains it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from ainur_tui.model.target import State, whole_of

NEEDS: dict[str, tuple[str, ...]] = {"frontend": ("api",), "api": ("db", "storage", "node")}
"""The built-in graph; a configuration's ``needs`` replaces it."""

WEIGHT: dict[State, int] = {"down": 3, "degraded": 2, "unknown": 1, "paused": 0, "up": 0}
_NOBODY: Mapping[str, float] = MappingProxyType({})
DELAY = 30.0
"""Seconds a cause may be seen after its symptom: probes do not run at the same moment."""


class Graph:
    """Needs between whole targets. A part (``api/machine/x``) needs what its whole needs.

    Cycles are allowed: each target is walked once.
    """

    def __init__(self, needs: Mapping[str, Sequence[str]] = NEEDS) -> None:
        self.become(needs)

    def become(self, needs: Mapping[str, Sequence[str]]) -> None:
        """Hold other needs from now on, for everybody who looks at this graph."""
        self._needs = {name: tuple(dict.fromkeys(needed)) for name, needed in needs.items()}

    def needs(self, target: str) -> list[str]:
        """What the target needs directly, in the order it was declared."""
        return list(self._needs.get(target, self._needs.get(whole_of(target), ())))

    def dependants(self, target: str) -> list[str]:
        """All that is affected when the target is not there, nearest first."""
        whole = whole_of(target)
        found = {whole: None} if whole != target else {}
        walk = [target] if whole == target else [target, whole]
        for name in walk:
            for other, needed in self._needs.items():
                if name in needed and other not in found and other not in (target, whole):
                    found[other] = None
                    walk.append(other)
        return list(found)

    def cause(
        self,
        target: str,
        states: Mapping[str, State],
        since: Mapping[str, float | None] = _NOBODY,
        troubled: Mapping[str, float] = _NOBODY,
    ) -> str | None:
        """The target whose trouble explains this one's: the root of a chain of needs.

        Each link is down or degraded, at least as bad as what it explains, and its trouble, however
        bad it was then (``troubled``), did not begin clearly later than the symptom came into its
        state (``since``; both epoch seconds). What is *unknown* explains nothing but is looked
        through. ``None`` when the target is well or its trouble is its own.
        """
        if not WEIGHT[states.get(target, "up")]:
            return None
        seen = {target}

        def later(cause: str, symptom: str) -> bool:
            began, seen_at = troubled.get(cause), since.get(symptom)
            return began is not None and seen_at is not None and began > seen_at + DELAY

        def root(name: str, floor: int, symptom: str) -> str | None:
            for need in self._worst_first(name, states):
                weight = WEIGHT[states.get(need, "up")]
                if need in seen or not weight:
                    continue
                seen.add(need)
                if weight == WEIGHT["unknown"]:
                    if through := root(need, floor, symptom):
                        return through
                elif weight >= floor and not later(need, symptom):
                    return root(need, weight, need) or need
            return None

        return root(target, WEIGHT[states[target]], target)

    def _worst_first(self, name: str, states: Mapping[str, State]) -> list[str]:
        return sorted(self.needs(name), key=lambda need: -WEIGHT[states.get(need, "up")])

    def __iter__(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        return iter(self._needs.items())


def stop_order(targets: Sequence[str], dependants: Callable[[str], Collection[str]]) -> list[str]:
    """The targets so that each comes before what it needs; those that do not need each other in
    the order given. Started, they go the other way round."""
    # Whoever needs a target is among its dependants, with all of their own: they are always fewer.
    return sorted(targets, key=lambda one: len(set(dependants(one))))
