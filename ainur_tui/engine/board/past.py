"""Since when: the moments states and troubles began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ainur_tui.model.event import Event
from ainur_tui.model.target import WORST_FIRST, State
from ainur_tui.rules.graph import WEIGHT
from ainur_tui.rules.picture import Judged

OVERALL = ""
"""The name under which the state of the whole environment is kept."""
BLIND = 120.0
"""Seconds from the first judgement in which *unknown* ends no earlier state: an engine that just
started has not looked everywhere yet."""
CALM = 15.0
"""Seconds a better state must last before it is told, as of its beginning: what swings around a
threshold is told once, not each time."""
TROUBLE = "trouble"
"""What stands for a state where the begin of a target's trouble is kept, as ``target TAB key``."""
FORGOTTEN = 86_400.0
"""Seconds after which a target that only an earlier engine saw is taken for gone."""


class Past:
    """Remembers states from one judgement to the next.

    A target that was not read yet has no past: its first state begins when it is first seen,
    unless an earlier engine saw it in the same state, be it after a moment of not knowing.
    """

    def __init__(self) -> None:
        self.since: dict[str, float | None] = {}
        self.troubled: dict[str, float] = {}
        """Since when each target that is not well has not been, however bad it was meanwhile."""
        self.began: dict[tuple[str, str], float | None] = {}
        self._states: dict[str, State] = {}
        self._told: dict[str, State] = {}
        self._earlier: dict[str, tuple[str, float]] = {}
        self._troubles: dict[tuple[str, str], float] = {}
        self._first: float | None = None

    @property
    def overall_since(self) -> float | None:
        """Since when the whole environment is in its state."""
        return self.since.get(OVERALL)

    def restore(self, states: Mapping[str, tuple[str, float]]) -> None:
        """Take over what :meth:`states` gave in an earlier engine."""
        self._earlier = {
            name: (state, since) for name, (state, since) in states.items() if state in WORST_FIRST
        }
        for name, (state, since) in states.items():
            if state == TROUBLE:
                target, _, key = name.partition("\t")
                self._troubles[target, key] = since

    def states(self) -> dict[str, tuple[str, float]]:
        """Every known state, and every trouble, with its beginning (epoch seconds)."""
        began: dict[tuple[str, str], float | None] = {**self._troubles, **self.began}
        known: dict[str, tuple[str, float]] = {
            f"{target}\t{key}": (TROUBLE, since)
            for (target, key), since in began.items()
            if since is not None
        }
        known |= {
            name: (state, since)
            for name, state in self._states.items()
            if (since := self.since.get(name)) is not None
        }
        return {**known, **self._earlier}

    def note(self, judged: Sequence[Judged], overall: State, now: float) -> list[Event]:
        """Take a judgement; returns the changes of targets' states as events."""
        events = []
        self._first = now if self._first is None else self._first
        if now - self._first > BLIND:
            self._earlier = {k: v for k, v in self._earlier.items() if k not in self._states}
            self._troubles = {}
        if now - self._first > FORGOTTEN:
            self._earlier = {}
        for one in judged:
            name = one.target.name
            before = self._states.get(name)
            read = one.state != "unknown" or bool(one.troubles) or before is not None
            if not read:
                continue
            is_new = self._enter(name, one.state, now)
            if before is None or (one.state != before and not is_new):
                self._told[name] = one.state
            elif (event := self._change(one, now)) is not None:
                events.append(event)
        self._forget({one.target.name for one in judged})
        if any(one.target.name in self._states for one in judged):
            self._enter(OVERALL, overall, now)
        keys = {(one.target.name, trouble.key) for one in judged for trouble in one.troubles}
        self.began = {
            key: self.began[key] if key in self.began else min(self._troubles.pop(key, now), now)
            for key in keys
        }
        return events

    def _change(self, one: Judged, now: float) -> Event | None:
        """What is to be told: a worse state at once, a better one when it has lasted."""
        name, told = one.target.name, self._told[one.target.name]
        since = self.since[name] or now
        worse = WEIGHT[one.state] > WEIGHT[told]
        if one.state == told or not (worse or now - since >= CALM):
            return None
        self._told[name] = one.state
        return Event(
            key=f"state:{name}:{since:.3f}", at=since, kind="state", target=name,
            text=f"{told} → {one.state}: {one.summary}",
        )  # fmt: skip

    def _enter(self, name: str, state: State, now: float) -> bool:
        """Whether the state is a new one; its beginning is kept."""
        if self._states.get(name) == state:
            return False
        earlier = self._earlier.get(name)
        goes_on = earlier is not None and earlier[0] == state
        self.since[name] = min(earlier[1], now) if earlier is not None and goes_on else now
        if not WEIGHT[state]:
            self.troubled.pop(name, None)
        else:
            self.troubled.setdefault(name, self.since[name] or now)
        if state != "unknown":
            self._earlier.pop(name, None)
        self._states[name] = state
        return not goes_on

    def _forget(self, present: set[str]) -> None:
        for name in self._states.keys() - present - {OVERALL}:
            del self._states[name]
            self._told.pop(name, None)
            self.since.pop(name, None)
            self.troubled.pop(name, None)
