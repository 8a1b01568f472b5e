"""Evidence of an incident: frozen as files with their hash, and packed with all the rest."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from ainur_tui.config import safefile
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.failure import BAD_DATA, CANNOT_CREATE, Refused
from ainur_tui.model.incident import Edited, Entry, EvidenceKept, Incident, UpdateSent
from ainur_tui.model.incidentcalls import (
    Capsule,
    ChangeIncident,
    Drafts,
    IncidentFile,
    KeepEvidence,
)
from ainur_tui.model.incidentwords import kind, words
from ainur_tui.model.journal import JournalEntry
from ainur_tui.model.logquery import LogQuery
from ainur_tui.model.series import Series, SeriesQuery
from ainur_tui.model.units import rfc3339
from ainur_tui.rules.incidents import facts as incidentfacts
from ainur_tui.rules.incidents import messages
from ainur_tui.rules.incidents.capsule import capsule
from ainur_tui.rules.incidents.postmortem import postmortem, sections_of

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

AROUND = 1800.0
"""Seconds before the detection and after the end that charts show."""
LINES = 500
LOG_BEFORE = 300.0
MOST = 4_000_000
"""Bytes of a log selection at most."""
POINTS = 2000


class Evidence:
    """Reads the engine's history, logs and journal; writes into the incident's folder."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()

    def freeze(self, incident: Incident) -> None:
        """Keep what is known now, in the background: the picture, the charts, the log."""
        task = asyncio.create_task(self._freeze(incident))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Finish what is being frozen."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    async def keep(self, call: KeepEvidence, peer: Peer) -> Incident:
        """Keep what a person selected. Raises Refused."""
        incident = self._engine.incidents.get(call.id)
        data = self._engine.redact(call.data).encode()
        if not data or len(data) > MOST:
            raise Refused(f"a selection has 1 to {MOST:,} bytes", BAD_DATA)
        if call.name == "postmortem.md":
            await self._take_over(incident, call.data, peer)
        return await self._keep(incident, call.name, data, call.about, peer)

    async def _take_over(self, incident: Incident, document: str, peer: Peer) -> None:
        """Put on the record what a person wrote into the document."""
        for section, text in sections_of(document).items():
            if text != incident.texts.get(section, ""):
                key = f"edit:{section}:{hashlib.sha256(text.encode()).hexdigest()}"
                change = ChangeIncident(
                    id=incident.id, key=key, what=Edited(section=section, text=text)
                )
                await self._engine.incidents.change(change, peer)

    async def drafts(self, id: str) -> Drafts:
        """The texts as they would be now. Raises Refused."""
        file = self._engine.incidents.file(id)
        incident, now = file.incident, self._engine.now()
        impact = await self._impact(incident, incidentfacts.began(incident, file.entries))
        objectives = self._engine.incidents.objectives
        if incident.resolved_at is not None:
            promised = incident.severity in objectives.postmortem
            message = messages.resolution(incident, promised=promised)
        else:
            message = messages.notification(
                incident, file.entries, impact=impact, every=objectives.cadence_of(incident),
                now=now,
            )  # fmt: skip
        return Drafts(
            message=message, postmortem=postmortem(incident, file.entries, impact=impact, now=now)
        )

    async def capsule(self, id: str) -> Capsule:
        """Everything about an incident in one archive beside its evidence. Raises Refused."""
        file = self._engine.incidents.file(id)
        incident = file.incident
        if incident.closed_at is None:  # how it went on until now belongs to it too
            await self._charts(incident)
        file = self._engine.incidents.file(incident.id)
        incident = file.incident
        drafts = await self.drafts(incident.id)
        parts: dict[str, bytes] = {
            "timeline.json": _pretty(timeline(file)),
            "postmortem.md": drafts.postmortem.encode(),
            "board.json": _pretty(self._engine.view()),
            "journal.jsonl": b"".join(
                msgspec.json.encode(entry) + b"\n" for entry in await self._journal(incident)
            ),
        }
        sent = [entry.what for entry in file.entries if isinstance(entry.what, UpdateSent)]
        parts |= {f"messages/{n:02d}.txt": one.text.encode() for n, one in enumerate(sent, 1)}
        folder = self._engine.incidents.folder(incident)
        for one in incident.evidence:
            path = folder / one.name
            if path.is_file():
                parts[f"evidence/{one.name}"] = await asyncio.to_thread(path.read_bytes)
        redact = self._engine.redact
        parts = {name: redact(data.decode("utf-8", "replace")).encode()
                 for name, data in parts.items()}  # fmt: skip
        packed = await asyncio.to_thread(
            capsule, parts, folder=f"ainur-incident-{incident.id}", at=incident.opened_at
        )
        path = folder / f"ainur-incident-{incident.id}.tar.gz"
        try:
            await asyncio.to_thread(safefile.replace, path, packed)
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}", CANNOT_CREATE) from None
        return Capsule(path=str(path), sha256=hashlib.sha256(packed).hexdigest(),
                       size=len(packed), files=sorted([*parts, "manifest.json"]))  # fmt: skip

    async def _freeze(self, incident: Incident) -> None:
        view = self._engine.view()
        name = "at the end" if incident.resolved_at is not None else "at the declaration"
        page = self._engine.logs.query(
            LogQuery(since=incident.detected_at - LOG_BEFORE, min_level="warn", limit=LINES)
        )
        lines = b"".join(msgspec.json.encode(row) + b"\n" for row in page.lines)
        try:
            await self._keep(incident, "board.json", _pretty(view), f"the picture {name}")
            if lines:
                about = f"{len(page.lines)} log lines, warn and worse, {name}"
                await self._keep(incident, "log.jsonl", lines, about)
            if incident.resolved_at is not None:
                await self._charts(incident)
        except Refused:
            return  # the record's own problem is shown; the incident goes on without

    async def _charts(self, incident: Incident) -> None:
        vital = [(target.name, signal.name) for target in self._engine.view().targets
                 for signal in target.signals
                 if signal.vital or (target.name, signal.name) in incidentfacts.IMPACT]  # fmt: skip
        series = await self._series(incident, list(dict.fromkeys(vital)), self._engine.now())
        await self._keep(incident, "charts.json", _pretty(series),
                         f"{len(series)} vital signals, half an hour around")  # fmt: skip

    async def _series(
        self, incident: Incident, wanted: list[tuple[str, str]], end: float
    ) -> list[Series]:
        seconds = max(end - incident.detected_at + AROUND, 60.0)
        query = SeriesQuery(
            wanted=wanted, seconds=seconds, points=min(POINTS, int(seconds / 5) + 1)
        )
        return await self._engine.history.series(query, end)

    async def _impact(self, incident: Incident, start: float) -> str:
        """Once it is over it does not change any more: every text tells the same."""
        end = incident.restored_at if incident.restored_at is not None else self._engine.now()
        series = await self._series(incident, list(incidentfacts.IMPACT), end)
        return incidentfacts.impact_words(incidentfacts.impact(series, start, end))

    async def _journal(self, incident: Incident) -> list[JournalEntry]:
        start = rfc3339(incident.detected_at - AROUND) or ""
        end = rfc3339((incident.closed_at or self._engine.now()) + AROUND) or ""
        try:
            found = await self._engine.journal.entries(limit=1 << 31)
        except OSError:
            return []
        return [entry for entry in found if start <= entry.at <= end]

    async def _keep(
        self, incident: Incident, name: str, data: bytes, about: str, peer: Peer | None = None
    ) -> Incident:
        """Write a file and put it on the record; the same content is kept once."""
        data = self._engine.redact(data.decode("utf-8", "replace")).encode()
        digest = hashlib.sha256(data).hexdigest()
        stem, _, end = name.partition(".")
        path = self._engine.incidents.folder(incident) / f"{stem}-{digest[:12]}.{end}"
        try:
            await asyncio.to_thread(safefile.replace, path, data)
        except OSError as error:
            raise Refused(f"{path}: {error.strerror}", CANNOT_CREATE) from None
        what = EvidenceKept(name=path.name, sha256=digest, size=len(data), about=about)
        return await self._engine.incidents.add(incident.id, f"evidence:{path.name}", what, peer)


def timeline(file: IncidentFile) -> dict[str, Any]:
    """The entries as the contract writes them, each also in words."""
    return {
        "version": 1, "incident": file.incident.id,
        "entries": [_row(entry) for entry in file.entries],
    }  # fmt: skip


def _row(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(entry)
    return body | {"at": rfc3339(entry.at), "kind": kind(entry), "words": words(entry)}


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)
