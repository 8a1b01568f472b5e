"""What is asked of the engine about alerts, and what it answers."""

from __future__ import annotations

from typing import Literal

import msgspec

from ainur_tui.model.alert import Ack, Alert, Silence

Trouble = Literal["never", "unit", "severity", "note"]
"""A rule that can never fire here; one that compares unlike things; severities that contradict
each other; something to know."""


class AckCall(msgspec.Struct, kw_only=True):
    """``alerts.ack``: somebody is on it. ``seconds`` until it runs out, ``None``: when the alert
    ends. ``withdraw`` takes the acknowledgement back."""

    name: str
    target: str
    comment: str = ""
    seconds: float | None = None
    withdraw: bool = False


class SilenceCall(msgspec.Struct, kw_only=True):
    """``alerts.silence``: call nobody for what matches, for ``seconds``. ``dry``: only say what it
    would mute. ``id`` gives a silence there is another end."""

    name: str = ""
    target: str = ""
    reason: str = ""
    seconds: float = 0.0
    dry: bool = False
    id: str | None = None


class Silenced(msgspec.Struct, kw_only=True):
    """The silence (``None`` after a dry call), and the alerts it mutes at this moment."""

    silence: Silence | None
    mutes: list[Alert]


class UnsilenceCall(msgspec.Struct, kw_only=True):
    """``alerts.unsilence``: end a silence now."""

    id: str


class AlertRef(msgspec.Struct, kw_only=True):
    """``alerts.detail``: one alert, or a rule on any target (``target`` empty)."""

    name: str
    target: str = ""


class RuleView(msgspec.Struct, kw_only=True):
    """A rule as it holds here. ``words`` is the whole rule as a sentence; ``states`` counts the
    targets in each state; ``off`` says why it is not judged."""

    name: str
    origin: str
    severity: str
    words: str
    signal: str = ""
    states: dict[str, int] = {}
    note: str = ""
    off: str | None = None


class SilenceView(msgspec.Struct, kw_only=True):
    """A silence and how many alerts it mutes at this moment; ``over`` once it has ended."""

    silence: Silence
    mutes: int
    over: bool = False


class AckView(msgspec.Struct, kw_only=True):
    """An acknowledgement and the alert it is about."""

    name: str
    target: str
    ack: Ack


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a receiver: when, what, and how it went. ``detail`` says why it failed."""

    at: float
    channel: str
    what: str
    ok: bool
    detail: str = ""


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver outside its hours: until when (epoch seconds), of what it hears all the same, and
    how many causes wait to be told."""

    channel: str
    until: float
    always: list[str]
    waiting: int


class Inventory(msgspec.Struct, kw_only=True):
    """``alerts.rules``: everything that decides who is called. ``judged_at`` is when the rules were
    judged last (epoch seconds): the watchdog, which fires as long as alerts are judged."""

    rules: list[RuleView]
    silences: list[SilenceView]
    acks: list[AckView]
    deliveries: list[Delivery]
    judged_at: float | None
    channels: list[str] = []
    quiet: list[Quiet] = []


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """One time an alert fired (epoch seconds); ``end`` is ``None`` while it still does."""

    start: float
    end: float | None
    target: str = ""
    worst: float | None = None


class AlertDetail(msgspec.Struct, kw_only=True):
    """``alerts.detail``: the rule in words and its past, newest first."""

    rule: RuleView
    firings: list[Firing]
    silences: list[SilenceView]
    diagnoses: list[Diagnosis] = []


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What the rule doctor found; ``hint`` is what to write in its place."""

    rule: str
    origin: str
    trouble: Trouble
    text: str
    hint: str = ""


class BacktestCall(msgspec.Struct, kw_only=True):
    """``alerts.backtest``: the rules (one by ``name``) over the last ``days`` of the history.
    Another ``threshold`` or ``hold`` may be tried with a name."""

    name: str | None = None
    days: float = 7.0
    threshold: float | None = None
    hold: float | None = None


class Backtest(msgspec.Struct, kw_only=True):
    """What a rule would have done. ``covered`` is the share of the time there is history of (a
    ratio), ``fired`` how often it really fired, ``words`` all of it as a sentence. ``basis`` tells
    what it was judged by."""

    rule: str
    severity: str
    firings: list[Firing]
    covered: float
    fired: int
    days: float
    words: str
    basis: str = ""


RESULTS: dict[str, object] = {
    "alerts.ack": Alert,
    "alerts.silence": Silenced,
    "alerts.unsilence": Silence,
    "alerts.rules": Inventory,
    "alerts.detail": AlertDetail,
    "alerts.doctor": list[Diagnosis],
    "alerts.backtest": list[Backtest],
}
