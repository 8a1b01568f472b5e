"""Alerts and the rules they come from."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["P1", "P2", "P3", "P4"]
AlertState = Literal["inactive", "pending", "firing", "recovering", "resolved", "no data", "blind"]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A threshold with hold times over one signal, for every target that has it.

    ``hold`` and ``keep_firing`` are seconds; ``clear`` is the threshold for leaving (default: the
    same); ``no_data_after`` seconds without a usable reading make it *no data*. ``summary`` may
    use ``{target}``, ``{value}`` and ``{threshold}``.
    """

    name: str
    signal: str
    threshold: float
    severity: Severity
    summary: str
    op: Literal["above", "below"] = "above"
    hold: float = 0.0
    clear: float | None = None
    keep_firing: float = 0.0
    no_data_after: float = 300.0
    origin: str = "ours"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one rule on one target. ``since`` is when this state began (epoch seconds).

    ``fires_at`` is set while pending; ``caused_by`` names the target whose trouble explains this.
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
