"""Incidents of this environment: declared, changed, fed by what happens, and timed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from ainur_tui.engine.incidents.record import IncidentRecord, safe
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.board import BoardView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import BAD_DATA, USAGE, Refused
from ainur_tui.model.folding import calling
from ainur_tui.model.incident import Breached, Entry, Happened, Incident, Opened, Told
from ainur_tui.model.incidentcalls import ChangeIncident, IncidentFile, OpenIncident
from ainur_tui.model.secret import Redactor
from ainur_tui.model.target import overlaps
from ainur_tui.model.text import clean, meant
from ainur_tui.model.units import clock as moment
from ainur_tui.rules.graph import Graph
from ainur_tui.rules.incidents import declaring, incidents
from ainur_tui.rules.incidents.concerning import concerns
from ainur_tui.rules.incidents.leading import leading
from ainur_tui.rules.incidents.objectives import Objectives
from ainur_tui.systems.base import Clock

BEFORE = 900.0
"""Seconds before the detection whose events belong to an incident: what led to it."""
_NOT_TOLD = frozenset({"gap", "incident"})
"""Kinds of events that belong to no timeline; an incident's own come of its entries."""


class Incidents:
    """``view``, ``events`` and ``graph`` are the board's, ``event`` adds one there; ``keep`` is
    told of an incident whose evidence is to be frozen now."""

    def __init__(
        self,
        folder: Path,
        objectives: Objectives,
        *,
        clock: Clock,
        redact: Redactor,
        graph: Graph,
        view: Callable[[], BoardView],
        events: Callable[[], Sequence[Event]],
        event: Callable[[Event], None],
        changed: Callable[[], None],
        keep: Callable[[Incident], None],
    ) -> None:
        self.objectives = objectives
        self._folder = folder
        self._clock = clock
        self._redact = redact
        self._graph = graph
        self._view = view
        self._events = events
        self._event = event
        self._keep = keep
        self._host = socket.gethostname()
        self._record = IncidentRecord(
            folder / "incidents.sqlite", objectives, changed=changed, tick=self._late
        )

    @property
    def problem(self) -> str | None:
        """Why nothing can be written at present."""
        return self._record.problem

    async def start(self, *, writable: bool) -> str | None:
        """Take up the record; returns what a person should know."""
        return await self._record.start(writable=writable)

    def catch_up(self) -> None:
        """Take what an earlier engine saw and did not write any more."""
        for incident in self.open_now():
            self._pull(incident)

    async def stop(self) -> None:
        """Write what waits, and let go of the file."""
        await self._record.stop()

    def open_now(self) -> list[Incident]:
        """Those that are not closed, the gravest first, of equals the newest."""
        found = [one for one in self._record.known.values() if one.closed_at is None]
        return sorted(found, key=lambda one: (one.severity, -one.opened_at))

    def all(self, limit: int) -> list[Incident]:
        """The open ones, then the newest of the others."""
        current = self.open_now()
        past = [one for one in self._record.known.values() if one.closed_at is not None]
        past.sort(key=lambda one: -one.opened_at)
        return [*current, *past[: max(0, limit - len(current))]]

    def current(self, target: str) -> str | None:
        """The id of the open incident that concerns a target."""
        found = [one for one in self.open_now() if overlaps(one.target, target)]
        return found[0].id if found else None

    async def concerning(self, target: str, peer: Peer) -> str | None:
        """The id of the open incident about a target. Where a P1 or P2 that nobody declared fires
        there, it is declared: whoever begins to work on it has answered it. Raises Refused."""
        if (known := self.current(target)) is not None:
            return known
        grave = (one for one in calling(self._view().alerts) if one.worst in {"P1", "P2"})
        fold = next((one for one in grave if overlaps(one.root.target, target)), None)
        if fold is None:
            return None
        alert = fold.root
        key = f"alert:{alert.name}:{alert.target}:{alert.since:.0f}"
        call = OpenIncident(key=key, target=alert.target, alert=alert.name, severity=fold.worst)
        return (await self.open(call, peer)).id

    def get(self, id: str) -> Incident:
        """By id; empty is the newest open one, else the newest. Raises Refused."""
        known = self._record.known
        if not id:
            if not known:
                raise Refused("there is no incident yet; `incident open` declares one", USAGE)
            return max(known.values(), key=lambda one: (one.closed_at is None, one.opened_at))
        if id not in known:
            raise Refused(f"there is no incident {clean(id, 40)!r}{meant(id, known)}", USAGE)
        return known[id]

    def file(self, id: str) -> IncidentFile:
        """With its entries. Raises Refused."""
        incident = self.get(id)
        return IncidentFile(incident=incident, entries=self._record.entries(incident.id))

    def folder(self, incident: Incident) -> Path:
        """Where its evidence is kept; made when it is first needed."""
        found = self._folder / incident.id
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
        return found

    async def open(self, call: OpenIncident, peer: Peer) -> Incident:
        """Declare one; what led to it is pulled in. Raises Refused."""
        key = f"call:{call.key}"
        if (known := self._record.of_key(key)) is not None:
            return known
        now = self._clock.now()
        what = declaring.opened(call, self._view(), now)
        if isinstance(what, str):
            raise Refused(what, BAD_DATA)
        found: Opened = what

        def make() -> list[Entry]:
            if self._record.of_key(key) is not None:  # the same call came in between
                return []
            day = moment(now, date=True)[:10].replace("-", "")
            number = 1 + sum(id.startswith(day) for id in self._record.known)
            return [self._entry(f"{day}-{number}", key, now, found, peer)]

        await self._record.put(make)
        made = self._record.of_key(key)
        if made is None:
            raise Refused("the declaration was not kept", BAD_DATA)
        self._pull(made)
        words = f"{made.severity} incident {made.id} declared: {made.title} · {peer.operator}"
        self._tell(made, "declared", words)
        self._keep(made)
        return made

    async def change(self, call: ChangeIncident, peer: Peer) -> Incident:
        """Add what a person tells. Raises Refused."""
        before = self.get(call.id)
        key = f"call:{call.key}"
        if self._record.has(before.id, key):
            return before

        def make() -> list[Entry]:
            if why := incidents.fault(self.get(before.id), call.what, peer.operator):
                raise Refused(why, BAD_DATA)
            return [self._entry(before.id, key, self._clock.now(), call.what, peer)]

        await self._record.put(make)
        after = self.get(before.id)
        word = "closed" if after.closed_at is not None else f"{after.severity} {after.status}"
        if (after.status, after.severity, after.closed_at) != (
            before.status, before.severity, before.closed_at,
        ):  # fmt: skip
            self._tell(after, word, f"incident {after.id} is {word} · {peer.operator}")
        if after.resolved_at is not None and before.resolved_at is None:
            self._keep(after)
        return after

    async def add(self, incident: str, key: str, what: Told, peer: Peer | None = None) -> Incident:
        """Add what the engine itself tells. Raises Refused."""
        entry = self._entry(incident, key, self._clock.now(), what, peer)
        await self._record.put(lambda: [entry])
        return self.get(incident)

    def saw(self, event: Event) -> None:
        """Something happened: it goes to the open incidents that it concerns, the steps of a
        playbook to the one about its target where there is one. Never waits."""
        found = self.open_now()
        own = [one for one in found if overlaps(one.target, event.target)]
        for incident in own if own and event.kind == "playbook" else found:
            self._queue(incident, event)

    def _pull(self, incident: Incident) -> None:
        """What led to it, and all that happened since the detection."""
        start = incident.detected_at
        near = [event for event in self._events() if start - BEFORE <= event.at]
        led = leading([event for event in near if event.at < start])
        for event in [*led, *(event for event in near if event.at >= start)]:
            self._queue(incident, event)

    def _queue(self, incident: Incident, event: Event) -> None:
        if event.kind in _NOT_TOLD or event.at < incident.detected_at - BEFORE:
            return
        if not concerns(incident, event.target, self._graph):
            return
        aside = not overlaps(incident.target, event.target) and any(
            overlaps(one.target, event.target) for one in self.open_now()
        )
        told = Happened(event=event, before=event.at < incident.opened_at, aside=aside)
        self._record.queue(self._entry(incident.id, f"event:{event.key}", event.at, told, None))

    def _late(self) -> None:
        """Put clocks that ran out on the record, each once."""
        now = self._clock.now()
        for incident in self.open_now():
            for one in incident.clocks:
                key = f"breach:{one.name}:{one.due_at:.0f}"
                if one.late(now) and not self._record.has(incident.id, key):
                    told = Breached(clock=one.name, due=one.due_at)
                    self._record.queue(self._entry(incident.id, key, one.due_at, told, None))

    def _tell(self, incident: Incident, word: str, text: str) -> None:
        at = self._clock.now()
        key = f"incident:{incident.id}:{word}:{at:.3f}"
        self._event(Event(key=key, at=at, kind="incident", target=incident.target, text=text))

    def _entry(self, incident: str, key: str, at: float, what: Told, peer: Peer | None) -> Entry:
        made = Entry(
            incident=incident, key=key, at=at, what=what, host=self._host,
            operator=peer.operator if peer else "", tty=peer.tty if peer else "",
        )  # fmt: skip
        return safe(made, self._redact)
