"""Alerts, the rules they come from, and what people do about them: acknowledge and silence."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

import msgspec

from ainur_tui.model.target import overlaps

Severity = Literal["P1", "P2", "P3", "P4"]
AlertState = Literal["inactive", "pending", "firing", "recovering", "resolved", "no data", "blind"]

ACTIVE: frozenset[AlertState] = frozenset({"firing", "recovering"})
"""The states in which an alert is a trouble of now."""

Op = Literal["above", "below"]


class Evidence(NamedTuple):
    """The past of one signal of one target as a rule is tried on it (moment, value), oldest first:
    of ``minutes`` the extreme value, then every single reading."""

    minutes: list[tuple[float, float]]
    readings: list[tuple[float, float]]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A threshold with hold times over one signal, for every target that has it.

    ``hold`` and ``keep_firing`` are seconds; ``clear`` is the threshold for leaving (default: the
    same); ``no_data_after`` seconds without a usable reading make it *no data*. ``summary`` may
    use ``{target}``, ``{value}``, ``{threshold}`` and ``{note}``, what the source said of it.

    ``at_least`` of the last ``of`` samples must lie beyond the threshold (m of n). Nothing fires
    while the signal ``sample`` of the same target is under ``min_sample``. ``share`` compares the
    value's share of its own ceiling (a ratio) in place of the value. ``note`` says what of the rule
    its origin does not: a number that the guide leaves open.
    """

    name: str
    signal: str
    threshold: float
    severity: Severity
    summary: str
    op: Op = "above"
    hold: float = 0.0
    clear: float | None = None
    keep_firing: float = 0.0
    no_data_after: float = 300.0
    of: int = 1
    at_least: int = 1
    sample: str | None = None
    min_sample: float = 0.0
    share: bool = False
    origin: str = "ours"
    note: str = ""


class RuleChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a configuration changes of a rule; what is ``None`` stays as it was."""

    threshold: float | None = None
    clear: float | None = None
    hold: float | None = None
    keep_firing: float | None = None
    severity: Severity | None = None


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is on it. It ends when the alert does, or at ``until`` (epoch seconds)."""

    by: str
    comment: str
    at: float
    until: float | None = None


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that nobody is to be called for until ``until`` (epoch seconds): they are judged and
    shown as ever. ``name`` and ``target`` may hold ``*``; an empty one matches all. A silence of a
    target holds for its parts. ``origin`` is who keeps it: this console (``ours``), or another
    judge."""

    id: str
    name: str
    target: str
    by: str
    reason: str
    at: float
    until: float
    origin: str = "ours"

    def matches(self, name: str, target: str) -> bool:
        """Whether it mutes that alert, while it holds."""
        if self.name not in {"", name} and not fnmatchcase(name, self.name):
            return False
        if self.target in {"", target} or fnmatchcase(target, self.target):
            return True
        return overlaps(self.target, target) and len(self.target) < len(target)


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one rule on one target. ``since`` is when this state began (epoch seconds).

    ``fires_at`` is set while pending; ``caused_by`` names the target whose trouble explains this.
    ``flaps`` counts how often it fired within the last hour. ``silence`` is the one that mutes it
    now, ``was_silenced`` one that ended within the last day: a cause that came back.
    """

    name: str
    target: str
    state: AlertState
    severity: Severity
    since: float
    summary: str
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    fires_at: float | None = None
    caused_by: str | None = None
    origin: str = "ours"
    signal: str = ""
    statistic: str = ""
    op: str = "above"
    flaps: int = 0
    ack: Ack | None = None
    silence: Silence | None = None
    was_silenced: Silence | None = None

    @property
    def quiet(self) -> bool:
        """Whether nobody is to be called for it: somebody is on it, or it is silenced."""
        return self.ack is not None or self.silence is not None
