"""Judgements as short sentences for people."""

from __future__ import annotations

from collections.abc import Iterable

from ainur_tui.model import units
from ainur_tui.model.board import SignalView
from ainur_tui.model.signal import Signal

CALM: dict[str, tuple[tuple[str, str], ...]] = {
    "api": (("api.health.seconds", "answers in {}"), ("api.requests.rate", "{} requests/s")),
    "api/machine": (("machine.memory", "{} of memory"), ("machine.restarts", "{} restarts")),
    "db": (("db.latency", "answers in {}"), ("db.connections.used", "{} connections")),
    "node": (
        ("node.best", "block {}"),
        ("node.peers", "peers {}"),
        ("node.lag", "{} behind"),
    ),
    "storage": (("storage.latency", "answers in {}"),),
    "storage/bucket": (("bucket.latency", "answers in {}"),),
    "frontend": (("frontend.latency", "answers in {}"),),
    "host": (("host.cpu", "cpu {}"), ("host.memory", "memory {}"), ("host.disk", "disk {}")),
}
"""What is worth saying of a target that is well: signal and sentence part."""


def value_of(view: SignalView) -> str:
    """The value with its unit and, where it has one, its limit: ``163 of 200``."""
    if view.name == "node.best" and view.value is not None:
        return f"#{view.value:.0f}"
    text = units.show(view.value, view.unit)
    if view.unit == "/s":
        text = text.replace(" /s", "/s")
    if view.limit is not None and view.unit in {"count", ""}:
        text = f"{text} of {units.show(view.limit, view.unit)}"
    return text


def trouble(signal: Signal, view: SignalView) -> str:
    """What is wrong with a signal: ``p95 latency 412 ms, over 250 ms``.

    A note that begins with the number, or with the signal's title, is the whole sentence already
    ("1 of 2 machines healthy", "certificate ended 2d 3h ago").
    """
    note = view.note
    name = signal.trouble or signal.title
    if view.unit == "bool":
        if note:
            return f"{name}: {note}"
        return signal.trouble or f"{signal.title}: {'yes' if view.value else 'no'}"
    if note and (
        (view.unit in {"count", ""} and note[:1].isdigit())
        or note.lower().startswith(f"{signal.title.lower()} ")
    ):
        return note
    text = f"{name} {value_of(view)}"
    if view.threshold:
        side = "over" if view.worse == "above" else "under"
        limit = units.show(view.threshold, view.unit)
        text += f", {side} {limit.replace(' /s', '/s') if view.unit == '/s' else limit}"
    if note:
        text += f" ({note})"
    if view.quality == "stale" and view.age is not None:
        text += f", as of {units.age(view.age)} ago"
    return text


def calm(kind: str, views: Iterable[SignalView]) -> str:
    """A fact or two of a target that is well: ``answers in 12 ms · 38 requests/s``."""
    known = {view.name: view for view in views if view.value is not None}
    parts = [
        sentence.format(value := value_of(known[name]).removesuffix("/s")).removesuffix(
            "s" if value == "1" else ""
        )
        for name, sentence in CALM.get(kind, ())
        if name in known
    ]
    return " · ".join(parts) or "well"
