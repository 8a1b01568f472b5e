"""Silences that another judge keeps: listed beside ours, and ended there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ainur_tui.engine.alerts.attention import describe
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.alertcalls import SilenceView
from ainur_tui.model.failure import UNAVAILABLE, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import age
from ainur_tui.systems.silencer import Silencer

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine

LOOK = 3.0
"""Seconds a look at the judge takes at most, after one of its silences was ended."""


def silences(engine: Engine, alerts: Sequence[Alert]) -> list[SilenceView]:
    """As their judges told them last, those that end next first; one that is not heard any more
    is told to be old."""
    views = []
    for judge in engine.board.foreign().values():
        old = f" (as it was {age(judge.age)} ago)" if judge.failing else ""
        views += [
            SilenceView(
                silence=replace(one, reason=one.reason + old), over=one.until <= engine.now(),
                mutes=sum(_same(alert.silence, one) for alert in alerts),
            )
            for one in judge.silences
        ]  # fmt: skip
    return sorted(views, key=lambda view: (view.over, view.silence.until))


def find(engine: Engine, id: str) -> Silence | None:
    """The silence of that id, if another judge told of one."""
    told = (one for judge in engine.board.foreign().values() for one in judge.silences)
    return next((one for one in told if one.id == id), None)


async def end(engine: Engine, found: Silence, peer: Peer) -> Silence:
    """End it where it is kept: on the record before and after. Raises Refused where its judge does
    not say that it is over."""
    attention, judge = engine.judging.attention, found.origin
    silencer = _silencer(engine, judge)
    detail = {"silence": found.id, "kept_by": judge, "what": describe(found)}
    await attention.note("silence ending", peer, found.target, detail)
    try:
        await silencer.end(found.id)
    except ProbeFailure as failure:
        why = clean(engine.redact(str(failure)), 200)
        await attention.note("silence not ended", peer, found.target, detail | {"why": why})
        raise Refused(
            f"the {judge} does not say that the silence of {describe(found)} is over: {why}",
            UNAVAILABLE,
        ) from None
    # What is over is told and seen to be, even where the record takes no more.
    attention.tell(
        f"{peer.operator} ended the silence of {describe(found)} in the {judge}", found.target
    )
    await engine.looks.once({judge}, LOOK)
    await attention.note("silence ended", peer, found.target, detail)
    return replace(found, until=engine.now())


def _silencer(engine: Engine, judge: str) -> Silencer:
    found = next((one.silencer for one in engine.systems if one.name == judge), None)
    if found is None:
        raise Refused(f"silences of the {judge} are ended there", UNAVAILABLE)
    return found


def _same(one: Silence | None, other: Silence) -> bool:
    return one is not None and (one.origin, one.id) == (other.origin, other.id)
