"""Alerts of this environment: the rules, stepped on the board's picture, kept over restarts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from ainur_tui.engine.alerts.attention import Attention
from ainur_tui.engine.alerts.foreign import Foreign, silenced
from ainur_tui.engine.alerts.view import World, blind_alert, rule_alert
from ainur_tui.engine.board.board import Board
from ainur_tui.model.alert import Alert, Rule
from ainur_tui.model.board import BoardView, SignalView, TargetView
from ainur_tui.model.folding import RANK
from ainur_tui.model.target import whole_of
from ainur_tui.rules import alerts
from ainur_tui.rules.alerts import Memory
from ainur_tui.rules.graph import Graph
from ainur_tui.systems.base import Clock

_Matches = Sequence[tuple[TargetView, SignalView]]
"""A rule's signal, on every target that has it."""
_REST = Memory()
FORGOTTEN = 300.0
"""Seconds from the start after which a part that nobody tells of is gone, too."""


class _Kept(msgspec.Struct, frozen=True):
    """What is stored: each rule on each target, and what other judges told, as they stood."""

    memories: list[tuple[str, str, Memory]]
    foreign: list[Alert] = []
    judged_at: float = 0.0


class Alerting:
    """Steps every rule once per :meth:`evaluate`; call it about once a second.

    Evaluation goes on whatever explains an alert: ``caused_by`` folds it, nothing silences it.
    ``judged_at`` is when that was done last (epoch seconds).
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        clock: Clock,
        board: Board,
        graph: Graph,
        attention: Attention | None = None,
    ) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self.judged_at: float | None = None
        self.standing: dict[tuple[str, ...], str] = {}
        """The state of each alert that is not inactive, as it was judged last."""
        self.foreign = Foreign()
        self._clock = clock
        self._board = board
        self._graph = graph
        self._attention = attention
        self._memories: dict[str, dict[str, Memory]] = {rule.name: {} for rule in rules}
        self._last: float | None = None
        self._began = clock.monotonic()
        self._matched: set[str] = set()
        self._turned: list[Alert] = []

    def evaluate(self, view: BoardView) -> list[Alert]:
        """Step all rules; returns what is not inactive, worst first."""
        mono = self._clock.monotonic()
        passed = 0.0 if self._last is None else mono - self._last
        self._last, self.judged_at = mono, view.at
        world = World(view, self._graph)
        seen: dict[str, list[tuple[TargetView, SignalView]]] = {}
        for target in view.targets:
            for signal in target.signals:
                seen.setdefault(signal.name, []).append((target, signal))
        found: list[Alert] = []
        for name, rule in self.rules.items():
            matches: _Matches = seen.get(rule.signal, ())
            known = self._memories[name]
            if name not in self._matched and any(s.observed_at is not None for _, s in matches):
                self._matched.add(name)
            for target, signal in matches:
                found += self._step(rule, target, signal, passed, world)
            if len(known) > len(matches):
                present = {target.name for target, _ in matches}
                for absent in [one for one in known if one not in present]:
                    found += self._leave(rule, absent, world, others=bool(matches))
            if not matches and name not in self._matched:
                found += self._blind(rule, view)
        judges = self._board.foreign()
        told, turned = self.foreign.step(judges, now=view.at)
        found = silenced(found, judges, view.at)
        self._turned += turned
        found += [msgspec.structs.replace(one, caused_by=world.cause(one.target)) for one in told]
        if self._attention is not None:
            found = self._attention.mark(found, view.at)
        self.standing = {(a.origin, a.name, a.target): a.state for a in found}
        return sorted(found, key=lambda a: (RANK[a.state], a.severity, a.target, a.name))

    @property
    def some_turned(self) -> bool:
        """Whether :meth:`turned` has any."""
        return bool(self._turned)

    def turned(self) -> list[Alert]:
        """Alerts that began to fire or ended since this was last asked, each as it was then: every
        one of them, however fast they came."""
        turned, self._turned = self._turned, []
        return turned

    def delivered(self, rule: str) -> bool:
        """Whether the rule's signal was ever read here."""
        return rule in self._matched

    def states(self, rule: str) -> dict[str, int]:
        """How many targets are in each state."""
        return dict(Counter(m.state for m in self._memories.get(rule, {}).values()))

    def memories(self) -> Iterator[tuple[str, str, Memory]]:
        """Each rule on each target that is not at rest."""
        for rule, known in self._memories.items():
            for target, memory in known.items():
                if memory.state != "inactive":
                    yield rule, target, memory

    def dump(self) -> bytes:
        """The state of all alerts, for :meth:`restore` in a later engine."""
        return msgspec.json.encode(
            _Kept(list(self.memories()), self.foreign.known(), self.judged_at or 0.0)
        )

    def restore(self, stored: bytes) -> float:
        """Go on from a dump: firing stays firing, hold times go on where they were. What cannot
        be read, and rules that are no more, are left out. Returns when it was judged last (epoch
        seconds; 0: not known)."""
        try:
            kept = msgspec.json.decode(stored, type=_Kept)
        except msgspec.DecodeError:
            return 0.0
        for rule, target, memory in kept.memories:
            if rule in self._memories:
                self._memories[rule][target] = memory
        # Of a judge that is not configured any more nobody would ever hear that it is over.
        judges = {target.name for target in self._board.targets()}
        self.foreign.restore([alert for alert in kept.foreign if alert.origin in judges])
        return kept.judged_at

    def _step(
        self, rule: Rule, target: TargetView, signal: SignalView, passed: float, world: World
    ) -> list[Alert]:
        now = world.view.at
        before = self._memories[rule.name].get(target.name, _REST)
        usable = signal.quality in {"fresh", "late"} and target.state != "paused"
        value = signal.value if usable else None
        if rule.share and value is not None:
            value = value / signal.limit if signal.limit else None
        if value is None and before.state == "inactive" and _says_nothing(rule, signal, usable):
            return self._keep(rule, target.name, before, world, signal)
        if signal.planned:
            after = alerts.planned(before, passed=passed, now=now)
        else:
            after = alerts.step(
                rule, before, value, passed=passed, now=now, observed=signal.observed_at,
                enough=rule.sample is None or _enough(rule, target),
            )  # fmt: skip
        return self._keep(rule, target.name, after, world, signal)

    def _leave(self, rule: Rule, target: str, world: World, *, others: bool) -> list[Alert]:
        """The target, or its signal, is not on the board. A part that is gone takes its alerts
        with it; a whole system that is not read yet keeps them as they were."""
        before = self._memories[rule.name][target]
        told = (
            others
            or self._board.tells_parts(whole_of(target))
            or self._clock.monotonic() - self._began > FORGOTTEN
        )
        gone = target not in world.targets and "/" in target and told
        after = alerts.gone(before, now=world.view.at) if gone else before
        old = after.state == "resolved" and world.view.at - after.since > alerts.SHOWN_RESOLVED
        if old or (gone and after.state == "inactive"):
            del self._memories[rule.name][target]
            return []
        return self._keep(rule, target, after, world, None)

    def _keep(
        self, rule: Rule, target: str, after: Memory, world: World, signal: SignalView | None
    ) -> list[Alert]:
        before = self._memories[rule.name].get(target, _REST)
        self._memories[rule.name][target] = after
        if after.state == "inactive":
            return []
        alert = rule_alert(rule, target, after, world, (signal, self._board.unit(rule.signal)))
        began = after.state == "firing" and before.state not in {"firing", "recovering"}
        if began or (after.state == "resolved" and before.state != "resolved"):
            self._turned.append(alert)
        return [alert]

    def _blind(self, rule: Rule, view: BoardView) -> list[Alert]:
        """A rule whose signal never came, though all that could bring it was read, never fires."""
        head = rule.signal.partition(".")[0]
        whole = next((t for t in view.targets if t.kind == head), None)
        since = self._clock.monotonic() - self._began
        if whole is None or since < rule.no_data_after:
            return []
        read = any(signal.observed_at is not None for signal in whole.signals)
        waiting = any(p.target == whole.name and p.last_at is None for p in view.probes)
        if not read or waiting:
            return []
        return [blind_alert(rule, whole.name, view.at - since)]


def _says_nothing(rule: Rule, signal: SignalView, usable: bool) -> bool:
    """Whether the source answers and has no value to judge: then nothing is missing."""
    return signal.absent or (rule.share and usable and not signal.limit)


def _enough(rule: Rule, target: TargetView) -> bool:
    """Whether there are samples enough to judge by; where nobody counts them there are."""
    sample = next((one for one in target.signals if one.name == rule.sample), None)
    counted = sample.value if sample and sample.quality in {"fresh", "late"} else None
    return counted is None or counted >= rule.min_sample
