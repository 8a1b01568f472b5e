"""Alerts and their rules as the contract's JSON: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ainur_tui.cli import shape
from ainur_tui.cli.shape import VERSION
from ainur_tui.model.alert import Ack, Alert, Silence
from ainur_tui.model.alertcalls import (
    Backtest,
    Diagnosis,
    Firing,
    Inventory,
    SilenceView,
)
from ainur_tui.model.board import BoardView
from ainur_tui.model.folding import calling, fold
from ainur_tui.model.units import rfc3339


def listing(board: BoardView, alerts: Sequence[Alert]) -> dict[str, Any]:
    """Alerts folded under their causes; ``calls`` counts the lines somebody is to be called for."""
    return {
        "version": VERSION,
        "environment": board.environment,
        "at": rfc3339(board.at),
        "watchdog": {"state": "firing", "judged_at": rfc3339(board.at)},
        "calls": len(calling(alerts)),
        "alerts": [
            alert(one.root) | {"worst": one.worst, "folded": [alert(under) for under in one.under]}
            for one in fold(alerts)
        ],
    }


def alert(one: Alert) -> dict[str, Any]:
    """One alert, whole."""
    return shape.alert(one) | {
        "fires_at": rfc3339(one.fires_at),
        "signal": one.signal or None,
        "value": one.value,
        "threshold": one.threshold,
        "unit": one.unit,
        "statistic": one.statistic or None,
        "origin": one.origin,
        "flaps": one.flaps,
        "ack": None if one.ack is None else ack(one.ack),
        "silence": None if one.silence is None else silence(one.silence),
        "was_silenced": None if one.was_silenced is None else silence(one.was_silenced),
    }


def ack(one: Ack) -> dict[str, Any]:
    """Who is on it."""
    return {
        "by": one.by,
        "comment": one.comment,
        "at": rfc3339(one.at),
        "until": rfc3339(one.until),
    }


def silence(one: Silence) -> dict[str, Any]:
    """What is muted, by whom, why, until when."""
    return {
        "id": one.id,
        "name": one.name or None,
        "target": one.target or None,
        "by": one.by,
        "reason": one.reason,
        "at": rfc3339(one.at),
        "until": rfc3339(one.until),
        "origin": one.origin,
    }


def inventory(found: Inventory) -> dict[str, Any]:
    """Everything that decides who is called."""
    return {
        "version": VERSION,
        "judged_at": rfc3339(found.judged_at),
        "channels": found.channels,
        "quiet": [
            {
                "channel": one.channel,
                "until": rfc3339(one.until),
                "always": one.always,
                "waiting": one.waiting,
            }
            for one in found.quiet
        ],
        "rules": [
            {
                "name": one.name,
                "origin": one.origin,
                "severity": one.severity or None,
                "signal": one.signal or None,
                "words": one.words,
                "note": one.note or None,
                "off": one.off,
                "states": one.states,
            }
            for one in found.rules
        ],
        "silences": [_silence_view(one) for one in found.silences],
        "acks": [
            {"name": one.name, "target": one.target} | ack(one.ack) for one in found.acks
        ],
        "deliveries": [
            {
                "at": rfc3339(one.at),
                "channel": one.channel,
                "what": one.what,
                "ok": one.ok,
                "detail": one.detail or None,
            }
            for one in found.deliveries
        ],
    }  # fmt: skip


def doctor(found: Sequence[Diagnosis]) -> dict[str, Any]:
    """What is wrong with the rules."""
    return {
        "version": VERSION,
        "diagnoses": [
            {
                "rule": one.rule or None,
                "origin": one.origin,
                "trouble": one.trouble,
                "text": one.text,
                "hint": one.hint or None,
            }
            for one in found
        ],
    }


def backtests(found: Sequence[Backtest]) -> dict[str, Any]:
    """What the rules would have done."""
    return {
        "version": VERSION,
        "backtests": [
            {
                "rule": one.rule,
                "severity": one.severity,
                "days": one.days,
                "covered": round(one.covered, 4),
                "fired": one.fired,
                "would_have_fired": len(one.firings),
                "firings": [_firing(each) for each in one.firings],
                "words": one.words,
                "basis": one.basis or None,
            }
            for one in found
        ],
    }


def _firing(one: Firing) -> dict[str, Any]:
    return {
        "target": one.target,
        "start": rfc3339(one.start),
        "end": rfc3339(one.end),
        "worst": one.worst,
    }


def _silence_view(one: SilenceView) -> dict[str, Any]:
    return silence(one.silence) | {"mutes": one.mutes, "over": one.over}
