"""The board: the newest reading of every signal, and from it the judged picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ainur_tui.engine.alerts.foreign import Told
from ainur_tui.engine.board.happenings import Happenings
from ainur_tui.engine.board.lastrun import LastRun, fault_of, probe_view
from ainur_tui.engine.board.past import Past
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Table
from ainur_tui.model.target import Target
from ainur_tui.rules import findings, picture
from ainur_tui.rules.evidence import LOST_NOTICE, Evidence, lost_network, tells_down
from ainur_tui.rules.graph import Graph
from ainur_tui.rules.judge import Held
from ainur_tui.systems.base import Clock, Probe, Sample

STRAY = 600.0
"""Seconds for which a reading is kept whose target nobody has told of: whoever does may be slower,
but a machine that is gone for good was read by somebody once more."""


@dataclass(slots=True)
class _Seen:
    """A reading and the moment it came; ``behind`` is its age at that moment."""

    reading: Reading
    probe: str
    came: float
    behind: float


class Board:
    """Everything known, held in memory. Records come from the scheduler; :meth:`view` judges.

    ``on_event`` is told of every event that is new, those of state changes included.
    """

    def __init__(
        self,
        environment: str,
        *,
        targets: Sequence[Target],
        signals: Mapping[str, Signal],
        graph: Graph,
        clock: Clock,
        not_configured: dict[str, str],
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self._environment = environment
        self._static = {target.name: target for target in targets}
        self._signals = signals
        self._graph = graph
        self._clock = clock
        self._not_configured = not_configured
        self.on_event = on_event
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._runs: dict[str, LastRun] = {}
        self._tables: dict[str, Table] = {}
        self._happenings = Happenings()
        self._discovered: dict[str, dict[str, Target]] = {}
        self._paused: dict[str, frozenset[str]] = {}
        self._judges: dict[str, Sample] = {}
        self._heard: dict[str, float] = {}
        self._whole: set[str] = set()
        self._unread = {
            target.name: [name for name in signals if _of(name, target)] for target in targets
        }
        self._past = Past()

    def record(self, probe: Probe, sample: Sample, seconds: float) -> None:
        """Take what a run brought home; ``seconds`` is what it took."""
        now, came = self._clock.now(), self._clock.monotonic()
        self._runs[probe.name] = LastRun(probe, now, came, seconds)
        for reading in sample.readings:
            behind = max(0.0, now - reading.observed_at)
            key = (reading.target, reading.signal)
            self._seen[key] = _Seen(reading, probe.name, came, behind)
        for table in sample.tables:
            self._tables[table.name] = table
        for event in sample.events:
            self.add_event(event)
        if sample.targets is not None:
            self._discover(probe.name, sample.targets)
            self._whole.add(probe.target)
        self._paused[probe.name] = sample.paused
        if sample.alerts is not None:
            self._judges[probe.name], self._heard[probe.name] = sample, came
        for names in self._unread.values():
            names[:] = [n for n in names if all(n != signal.name for signal in probe.signals)]

    def fail(self, probe: Probe, failure: ProbeFailure, seconds: float) -> list[Reading]:
        """Take that a run failed. Returns the readings the failure itself is, for the history:
        a vital probe that finds nobody listening has read ``up`` = 0."""
        before = self._runs.get(probe.name)
        run = LastRun(probe, self._clock.now(), self._clock.monotonic(), seconds, failure)
        run.failures = 1 + (before.failures if before else 0)
        self._runs[probe.name] = run
        fault = fault_of(run, failure, run.came)
        return [
            Reading(
                target=probe.target,
                signal=signal.name,
                value=0.0,
                source=probe.name,
                observed_at=run.at,
                note=fault.text,
            )
            for signal in probe.signals
            if tells_down(fault, signal)
        ]

    def add_event(self, event: Event) -> None:
        """Add something that happened; the same happening (``key``) counts once."""
        if self._happenings.add(event) and self.on_event is not None:
            self.on_event(event)

    def events(self) -> list[Event]:
        """What happened, as far back as it is known here."""
        return self._happenings.known()

    def restore(
        self,
        states: Mapping[str, tuple[str, float]] | None = None,
        events: Sequence[Event] = (),
    ) -> None:
        """Take over what an earlier engine knew: states with their beginnings, and events."""
        self._past.restore(states or {})
        self._happenings.restore(events)

    def states(self) -> dict[str, tuple[str, float]]:
        """The state of each target and since when, and its troubles; what :meth:`restore` takes."""
        return self._past.states()

    def targets(self) -> list[Target]:
        """All targets, each whole followed by its parts."""
        found = dict(self._static)
        for parts in self._discovered.values():
            found.update(parts)
        order = {name: index for index, name in enumerate(self._static)}
        return sorted(
            found.values(),
            key=lambda t: (order.get(t.parent or t.name, len(order)), t.parent is not None, t.name),
        )

    def foreign(self) -> dict[str, Told]:
        """What other judges of alerts told last, by the name of their system."""
        mono = self._clock.monotonic()
        found = {}
        for name, sample in self._judges.items():
            run = self._runs[name]
            failing = run.failure is not None
            # A run that failed is as old as the last one that did not.
            age = mono - self._heard.get(name, mono)
            found[run.probe.target] = Told(
                sample.alerts or (), sample.rules, age, failing, sample.muted, sample.silences
            )
        return found

    def tells_parts(self, whole: str) -> bool:
        """Whether the parts of a target were read since the start: only then is one that is absent
        known to be gone."""
        return whole in self._whole

    def signal(self, name: str) -> Signal | None:
        """A signal as it is declared, the user's thresholds laid over."""
        return self._signals.get(name)

    def signals(self) -> Mapping[str, Signal]:
        """All declared signals, by name."""
        return self._signals

    def unit(self, signal: str) -> str:
        """The unit of a signal, known or not."""
        found = self._signals.get(signal)
        return found.unit if found else ""

    def view(self) -> BoardView:
        """Judge everything as of now."""
        now, mono = self._clock.now(), self._clock.monotonic()
        targets = self.targets()
        evidence = self._evidence(targets, mono)
        judged = picture.judge_all(evidence)
        state = picture.overall(judged)
        for event in self._past.note(judged, state, now):
            self.add_event(event)
        caused = findings.causes(judged, self._graph, self._past.since, self._past.troubled)
        return BoardView(
            environment=self._environment,
            at=now,
            state=state,
            since=self._past.overall_since,
            trust=findings.trust(judged),
            targets=findings.target_views(judged, self._graph, caused, self._past.since),
            findings=findings.findings(judged, caused, self._past.began),
            events=self._happenings.newest(),
            tables=list(self._tables.values()),
            probes=[probe_view(run) for run in self._runs.values()],
            not_configured=self._not_configured,
            notices=[LOST_NOTICE] if lost_network(evidence) else [],
        )

    def _evidence(self, targets: Sequence[Target], mono: float) -> Evidence:
        held = {}
        for key, seen in self._seen.items():
            run = self._runs[seen.probe]
            held[key] = Held(
                seen.reading,
                max(0.0, mono - seen.came) + seen.behind,
                run.probe.interval,
                run.probe.deadline,
                run.failure is not None,
            )
        unread = {
            name: [signal for signal in names if (name, signal) not in held]
            for name, names in self._unread.items()
        }
        return Evidence(
            targets=targets,
            signals=self._signals,
            held=held,
            expected=unread,
            faults=[fault_of(run, run.failure, mono) for run in self._runs.values() if run.failure],
            paused=frozenset().union(*self._paused.values()),
        )

    def _discover(self, probe: str, targets: Sequence[Target]) -> None:
        """Take the targets a probe found; those it found before and not now are gone."""
        found = {target.name: target for target in targets if target.name not in self._static}
        gone = self._discovered.get(probe, {}).keys() - found.keys()
        self._discovered[probe] = found
        if gone:
            known = {target.name for target in self.targets()}
            recent = self._clock.monotonic() - STRAY
            self._seen = {
                key: seen for key, seen in self._seen.items()
                if key[0] in known or (seen.came > recent and key[0] not in gone)
            }  # fmt: skip


def _of(signal: str, target: Target) -> bool:
    """Whether a signal belongs to a target of that kind: ``machine.up`` to ``api/machine``."""
    return target.kind.rpartition("/")[2] == signal.partition(".")[0]
