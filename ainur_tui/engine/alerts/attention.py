"""Who is on which alert, and what nobody is to be called for: on the record, over restarts."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from ainur_tui.config import safefile
from ainur_tui.engine.alerts import attentionfile
from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.alert import ACTIVE, Ack, Alert, Silence
from ainur_tui.model.alertcalls import AckCall, AckView, SilenceCall, Silenced, SilenceView
from ainur_tui.model.event import Event
from ainur_tui.model.failure import BAD_DATA, CANNOT_CREATE, UNAVAILABLE, USAGE, Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration
from ainur_tui.systems.base import Clock

LONGEST = 30 * 86_400.0
"""Seconds a silence or an acknowledgement holds at most: nothing is muted for ever."""
REMEMBERED = 86_400.0
"""Seconds an ended silence is still known: a cause that comes back says what had muted it."""
MOST = 500


class Attention:
    """Marks alerts; decides nothing about them. ``event`` hears of every change."""

    def __init__(
        self, path: Path, journal: Journal, clock: Clock, redact: Redactor,
        event: Callable[[Event], None],
    ) -> None:  # fmt: skip
        self._path = path
        self._journal = journal
        self._clock = clock
        self._redact = redact
        self._event = event
        self._acks: dict[tuple[str, str], Ack] = {}
        self._silences: dict[str, Silence] = {}
        self._seen: set[tuple[str, str]] = set()
        self._changed = False
        self._turn = asyncio.Lock()

    def load(self) -> str | None:
        """Take over what an earlier engine kept; a sentence when the file cannot be used: then
        nothing is muted, and everybody is called."""
        try:
            kept = attentionfile.read(self._path)
        except safefile.Unreadable as problem:
            return f"{self._path} {problem}; no alert is silenced"
        self._acks = {(name, target): ack for name, target, ack in kept.acks}
        self._silences = {one.id: one for one in kept.silences}
        return None

    def mark(self, alerts: Sequence[Alert], now: float) -> list[Alert]:
        """The alerts with who is on them and what mutes them. An acknowledgement ends with its
        alert; of one that was not seen since the start nothing is known yet."""
        if not self._acks and not self._silences:
            return list(alerts)
        there = {(one.name, one.target) for one in alerts if one.state != "resolved"}
        self._seen |= there & self._acks.keys()
        for key, ack in list(self._acks.items()):
            over = key in self._seen and key not in there
            if over or (ack.until is not None and ack.until <= now):
                del self._acks[key]
                self._seen.discard(key)
                self._changed = True
        old = [one.id for one in self._silences.values() if one.until < now - REMEMBERED]
        for id in old:
            del self._silences[id]
            self._changed = True
        newest_last = sorted(self._silences.values(), key=lambda one: one.until)
        return [self._marked(alert, newest_last, now) for alert in alerts]

    def _marked(self, alert: Alert, silences: Sequence[Silence], now: float) -> Alert:
        ack = self._acks.get((alert.name, alert.target))
        matching = [one for one in silences if one.matches(alert.name, alert.target)]
        if ack is None and not matching:
            return alert
        last = matching[-1] if matching else None
        muted = last if last is not None and last.until > now else None
        returned = last if muted is None and alert.state in ACTIVE else None
        return replace(alert, ack=ack, silence=muted or alert.silence, was_silenced=returned)

    async def ack(self, call: AckCall, peer: Peer, alerts: Sequence[Alert]) -> Alert:
        """Say that somebody is on an alert, or no more. Raises Refused where there is none."""
        async with self._turn:
            found = next(
                (a for a in alerts if (a.name, a.target) == (call.name, call.target)), None
            )
            if found is None or found.state == "resolved":
                what = f"{clean(call.name, 60)} on {clean(call.target, 60)}"
                raise Refused(f"there is no alert {what} now", UNAVAILABLE)
            key = (found.name, found.target)
            if call.withdraw:
                if found.ack is None:
                    raise Refused("nobody has acknowledged it", UNAVAILABLE)
                await self.note("ack withdrawn", peer, found.target, {"alert": found.name})
                self._acks.pop(key, None)
                self.tell(f"{peer.operator} is not on {found.name} any more", found.target)
                await self._save()
                return replace(found, ack=None)
            _check(call.seconds, needed=False)
            now = self._clock.now()
            until = None if call.seconds is None else now + call.seconds
            comment = self._words(call.comment)
            ack = Ack(by=peer.operator, comment=comment, at=now, until=until)
            await self.note("acknowledged", peer, found.target,
                             {"alert": found.name, "comment": comment, "until": until})  # fmt: skip
            self._acks[key] = ack
            self._seen.add(key)
            said = f": {comment}" if comment else ""
            self.tell(f"{peer.operator} is on {found.severity} {found.name}{said}", found.target)
            await self._save()
            return replace(found, ack=ack)

    async def silence(self, call: SilenceCall, peer: Peer, alerts: Sequence[Alert]) -> Silenced:
        """Mute what matches, or say what it would mute (``dry``). Raises Refused for one without
        a reason, an end or anything to match."""
        async with self._turn:
            made = self._made(call, peer)
            mutes = [a for a in alerts if a.state != "resolved" and made.matches(a.name, a.target)]
            if call.dry:
                return Silenced(silence=None, mutes=mutes)
            if len(self._silences) >= MOST and made.id not in self._silences:
                raise Refused(f"there are {MOST} silences already; end some", BAD_DATA)
            what = describe(made)
            await self.note("silenced", peer, made.target, {
                "silence": made.id, "what": what, "reason": made.reason, "until": made.until,
                "mutes": len(mutes),
            })  # fmt: skip
            self._silences[made.id] = made
            lasts = duration(made.until - self._clock.now())
            self.tell(f"{peer.operator} silenced {what} for {lasts}: {made.reason}", made.target)
            await self._save()
            return Silenced(silence=made, mutes=mutes)

    async def end(self, id: str, peer: Peer) -> Silence:
        """End a silence now. Raises Refused where there is none."""
        async with self._turn:
            found = self._silences.get(id)
            now = self._clock.now()
            if found is None or found.until <= now:
                raise Refused(f"there is no silence {clean(id, 40)!r} that holds", UNAVAILABLE)
            await self.note("silence ended", peer, found.target, {"silence": id})
            self._silences[id] = ended = replace(found, until=now)
            self.tell(f"{peer.operator} ended the silence of {describe(found)}", found.target)
            await self._save()
            return ended

    def silences(self, alerts: Sequence[Alert]) -> list[SilenceView]:
        """Every silence, those that end next first, then those that are over."""
        now = self._clock.now()
        views = [
            SilenceView(
                silence=one, over=one.until <= now,
                mutes=sum(a.silence is not None and a.silence.id == one.id for a in alerts),
            )
            for one in self._silences.values()
        ]  # fmt: skip
        return sorted(views, key=lambda view: (view.over, view.silence.until))

    def acks(self) -> list[AckView]:
        """Every acknowledgement."""
        return [AckView(name=n, target=t, ack=ack) for (n, t), ack in self._acks.items()]

    async def keep(self) -> None:
        """Write down what ended by itself; where that fails now, the next time."""
        if self._changed:
            with contextlib.suppress(Refused):
                async with self._turn:
                    await self._save()

    def _made(self, call: SilenceCall, peer: Peer) -> Silence:
        now = self._clock.now()
        if call.id is not None:
            found = self._silences.get(call.id)
            if found is None:
                raise Refused(f"there is no silence {clean(call.id, 40)!r}", UNAVAILABLE)
            _check(call.seconds, needed=True)
            reason = self._words(call.reason) or found.reason
            return replace(found, until=now + call.seconds, reason=reason, by=peer.operator, at=now)
        name, target = clean(call.name.strip(), 100), clean(call.target.strip(), 100)
        reason = self._words(call.reason)
        if not name.strip("*") and not target.strip("*"):
            raise Refused("a silence names an alert, a target or both; not everything", USAGE)
        if not call.dry:
            _check(call.seconds, needed=True)
            if not reason:
                raise Refused("a silence needs a reason: others will ask", USAGE)
        return Silence(
            id=secrets.token_hex(3), name=name, target=target, by=peer.operator, reason=reason,
            at=now, until=now + call.seconds,
        )  # fmt: skip

    def _words(self, text: str) -> str:
        return clean(self._redact(text.strip()), 300)

    def tell(self, text: str, target: str) -> None:
        """What was done, for everybody to see."""
        at = self._clock.now()
        key = f"attention:{at:.3f}:{text}"
        self._event(Event(key=key, at=at, kind="alert", target=target, text=text))

    async def _save(self) -> None:
        kept = attentionfile.Kept(
            acks=[(name, target, ack) for (name, target), ack in self._acks.items()],
            silences=list(self._silences.values()),
        )
        try:
            await asyncio.to_thread(attentionfile.write, self._path, kept)
        except OSError as error:
            raise Refused(
                f"{self._path}: {error.strerror}; it holds until the engine ends", CANNOT_CREATE
            ) from None
        self._changed = False

    async def note(self, state: str, peer: Peer, target: str, detail: Mapping[str, object]) -> None:
        """Put it on the record. Raises Refused where that cannot be done."""
        try:
            await self._journal.append(
                "note", "", operator=peer.operator, tty=peer.tty, action="alerts", target=target,
                state=state, detail=dict(detail),
            )  # fmt: skip
        except JournalUnwritable as error:
            raise Refused(f"{error}; without it nothing is muted", CANNOT_CREATE) from None


def describe(silence: Silence) -> str:
    """What a silence is about: ``HighResponseTime on api``."""
    return f"{silence.name or 'every alert'} on {silence.target or 'every target'}"


def _check(seconds: float | None, *, needed: bool) -> None:
    if seconds is None and not needed:
        return
    if seconds is None or not 0 < seconds <= LONGEST:
        raise Refused("it needs an end, at most 30 days from now", USAGE)
