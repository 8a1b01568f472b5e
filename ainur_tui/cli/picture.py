"""The board as plain lines: for ``check``, for a dumb terminal, for a mail of cron."""

from __future__ import annotations

from ainur_tui.cli.output import Output, columns
from ainur_tui.cli.shape import SHOWN_ALERTS
from ainur_tui.model.board import BoardView, SignalView, TargetView
from ainur_tui.model.text import clean
from ainur_tui.model.units import age, clock, duration, show

SYMBOLS = {"up": "●", "degraded": "▲", "down": "✖", "unknown": "?", "paused": "‖"}
WIDEST = 160
"""Characters of a sentence from outside; JSON has it all."""
COLORS = {"up": "green", "degraded": "yellow", "down": "red", "unknown": "magenta", "paused": "dim"}


def lines(board: BoardView, output: Output) -> list[str]:
    """Everything that matters, worst things with their numbers; symbol and word, never colour
    alone."""
    found = [_headline(board, output), ""]
    body = columns([_target(view, board.at) for view in board.targets])
    for view, line in zip(board.targets, body, strict=True):
        found.append(output.paint(line, COLORS[view.state]) if view.state != "up" else line)
        if view.state not in {"up", "paused"}:
            found += [f"    {_signal(one)}" for one in view.signals if _is_trouble(one)]
    alerts = [one for one in board.alerts if one.state in SHOWN_ALERTS]
    if alerts:
        found += ["", "alerts"]
        found += columns(
            [
                [f"  {one.severity}", one.state, one.target, one.summary or one.name]
                for one in alerts
            ]
        )
    if board.not_configured:
        found += ["", "not configured"]
        found += columns([[f"  {name}", said] for name, said in board.not_configured.items()])
    if board.notices:
        found += ["", *(f"note: {notice}" for notice in board.notices)]
    return found


def _headline(board: BoardView, output: Output) -> str:
    since = f" for {duration(board.at - board.since)}" if board.since is not None else ""
    state = output.paint(f"{SYMBOLS[board.state]} {board.state}", COLORS[board.state])
    trust = f"{board.trust.fresh}/{board.trust.all} signals fresh"
    return f"{board.environment}  {state}{since}  {trust}  {clock(board.at, date=True)} UTC"


def _target(view: TargetView, at: float) -> list[str]:
    since = "" if view.since is None else age(at - view.since)
    because = f" (because of {view.cause})" if view.cause and view.cause != view.name else ""
    said = clean(view.summary, WIDEST) + because
    return [f"{SYMBOLS[view.state]} {view.name}", view.state, since, said]


def _is_trouble(view: SignalView) -> bool:
    if view.verdict in {"warn", "fail"} or view.quality in {"stale", "rejected"}:
        return True
    return view.vital and view.quality == "unknown"


def _signal(view: SignalView) -> str:
    old = "" if view.quality == "fresh" or view.age is None else f", {age(view.age)} old"
    limit = "" if view.threshold is None else f", threshold {show(view.threshold, view.unit)}"
    note = f": {clean(view.note, WIDEST)}" if view.note else ""
    if view.unit == "bool" and view.quality == "fresh":
        return f"{view.title or view.name}{note or ': no'}"
    what = view.quality if view.quality in {"unknown", "rejected"} else show(view.value, view.unit)
    return f"{view.title or view.name}  {what}{limit}{old}{note}"
