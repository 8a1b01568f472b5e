"""A connected system: everything it offers the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from ainur_tui.model.target import Target
from ainur_tui.systems.acting import Action
from ainur_tui.systems.base import Probe
from ainur_tui.systems.logsource import LogSource
from ainur_tui.systems.seriesindex import SeriesIndex
from ainur_tui.systems.silencer import Silencer
from ainur_tui.systems.telling import Receiver


@dataclass(frozen=True)
class Routine:
    """What an engine that stays begins by itself: ``latest`` is the newest moment (epoch seconds)
    not after the one given; ``wishes`` are (action, target, parameters), each begun only when
    the one before was verified."""

    name: str
    latest: Callable[[float], float]
    wishes: Sequence[tuple[str, str, dict[str, str]]]


@dataclass
class System:
    """One connected system. ``close`` releases what it holds."""

    name: str
    targets: tuple[Target, ...]
    probes: tuple[Probe, ...] = ()
    logs: tuple[LogSource, ...] = ()
    actions: tuple[Action, ...] = ()
    close: Callable[[], Awaitable[None]] | None = None
    routines: tuple[Routine, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    series: SeriesIndex | None = None
    silencer: Silencer | None = None
