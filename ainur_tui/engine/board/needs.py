"""Who needs whom as an operator edited it: kept beside the journal, on the record, at once true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from ainur_tui.config import safefile
from ainur_tui.config.needsfile import KINDS, MOST, Edited, edited
from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.event import Event
from ainur_tui.model.failure import BAD_DATA, CANNOT_CREATE, TRY_AGAIN, Refused
from ainur_tui.model.needs import difference, edges, fault
from ainur_tui.model.needscalls import NeedsCall, NeedsView
from ainur_tui.rules.graph import Graph
from ainur_tui.systems.base import Clock

WHOLE = tuple(kind for kind in KINDS if "/" not in kind)


class Needs:
    """``graph`` is the one everybody looks at: an edit changes it in place. ``default`` is the
    configuration's, ``targets`` names what is watched now; ``event`` hears of every edit."""

    def __init__(
        self,
        path: Path,
        default: Mapping[str, Sequence[str]],
        journal: Journal,
        clock: Clock,
        *,
        targets: Callable[[], Collection[str]],
        event: Callable[[Event], None],
    ) -> None:
        self.graph = Graph(default)
        self._path = path
        self._default = {name: list(needed) for name, needed in default.items()}
        self._journal = journal
        self._clock = clock
        self._targets = targets
        self._event = event
        self._edited: Edited | None = None
        self._turn = asyncio.Lock()

    def load(self) -> str | None:
        """Take over the edited graph, where there is one. Returns a sentence when its file cannot
        be used; the configuration's graph holds then."""
        try:
            found = edited(self._path)
        except safefile.Unreadable as problem:
            return f"{self._path} {problem}; who needs whom is as configured"
        if found is not None:
            self._edited = found
            self.graph.become(found.needs)
        return None

    def view(self) -> NeedsView:
        """The graph as it holds now, for those who edit it."""
        buckets = [name for name in self._targets() if name.startswith("storage/")]
        named = [n for name, needed in self._default.items() for n in (name, *needed)]
        return NeedsView(
            needs=self._now(),
            default=self._default,
            names=list(dict.fromkeys([*WHOLE, *buckets, *named])),
            edited_by=self._edited.by if self._edited else None,
            edited_at=self._edited.at if self._edited else None,
        )

    async def put(self, call: NeedsCall, peer: Peer) -> NeedsView:
        """Hold another graph, or the configuration's again. Raises Refused for a graph that cannot
        hold, for one that somebody else has changed meanwhile, and where it cannot be kept."""
        async with self._turn:
            before = self._now()
            if call.seen is not None and edges(call.seen) != edges(before):
                raise Refused("somebody changed who needs whom meanwhile; look again", TRY_AGAIN)
            after = self._default if call.needs is None else _tidy(call.needs)
            if len(edges(after)) > MOST:
                raise Refused(f"a graph holds at most {MOST} needs", BAD_DATA)
            if call.needs is not None and (why := fault(after, self.view().names)):
                raise Refused(why, BAD_DATA)
            change = ", ".join(difference(before, after))
            same = edges(after) == edges(self._default)
            if change:
                await self._keep(after, change, peer, restored=same)
            return self.view()

    def _now(self) -> dict[str, list[str]]:
        return {name: list(needed) for name, needed in self.graph if needed}

    async def _keep(
        self, after: dict[str, list[str]], change: str, peer: Peer, *, restored: bool
    ) -> None:
        found = Edited(needs=after, by=peer.operator, at=self._clock.now())
        await self._note("restored" if restored else "edited", peer, change)
        try:
            if restored:
                await asyncio.to_thread(self._path.unlink, missing_ok=True)
            else:
                data = msgspec.json.format(msgspec.json.encode(found), indent=2)
                await asyncio.to_thread(safefile.replace, self._path, data)
        except OSError as error:
            await self._note("not kept", peer, change)
            raise Refused(
                f"{self._path}: {error.strerror}; it is as before", CANNOT_CREATE
            ) from None
        self._edited = None if restored else found
        self.graph.become(after)
        text = f"who needs whom: {change} · {peer.operator}"
        key = f"needs:{found.at:.3f}"
        self._event(Event(key=key, at=found.at, kind="setting", target="", text=text))

    async def _note(self, state: str, peer: Peer, change: str) -> None:
        try:
            await self._journal.append(
                "note", "", operator=peer.operator, tty=peer.tty, action="needs", state=state,
                detail={"change": change},
            )  # fmt: skip
        except JournalUnwritable as error:
            raise Refused(f"{error}; without it nothing is changed", CANNOT_CREATE) from None


def _tidy(needs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {name: list(dict.fromkeys(needed)) for name, needed in needs.items() if needed}
