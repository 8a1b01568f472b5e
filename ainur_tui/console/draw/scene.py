"""Everything a screen is drawn from, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.model.action import BreakGlass
from ainur_tui.model.board import BoardView, SignalView, TargetView
from ainur_tui.model.folding import Fold, fold
from ainur_tui.model.series import Series
from ainur_tui.model.units import age
from ainur_tui.model.wire import Welcome


@dataclass(frozen=True)
class Scene:
    """The newest picture and how far it can be trusted.

    ``now`` is epoch seconds; ``elapsed`` seconds have passed since ``view`` arrived. ``lost`` is
    the sentence why no engine answers, ``None`` while the link is live. ``span`` is the width of
    the charts in seconds.
    """

    glyphs: Glyphs
    now: float
    view: BoardView | None = None
    welcome: Welcome | None = None
    elapsed: float = 0.0
    lost: str | None = None
    series: Mapping[tuple[str, str], Series] = field(default_factory=dict)
    span: float = 3600.0
    read_only: bool = False
    environment: str = ""
    operator: str = ""

    @cached_property
    def folds(self) -> list[Fold]:
        """The alerts under what explains them: folded once, told in many places."""
        return fold(self.view.alerts) if self.view else []

    def target(self, name: str) -> TargetView | None:
        """A target's view, if the engine told of it."""
        return self.view.target(name) if self.view else None

    def signal(self, target: str, name: str) -> SignalView | None:
        """A signal's view, if the engine told of it."""
        return self.view.signal(target, name) if self.view else None

    @property
    def glass(self) -> BreakGlass | None:
        """Who lifted the policies, while they are lifted; nobody can tell without an engine."""
        broken = self.view.break_glass if self.view and self.lost is None else None
        return broken if broken is not None and broken.until > self.now else None

    def state_since(self, since: float | None) -> str:
        """How long ago a state began, or nothing when that is not known."""
        return age(self.now - since) if since is not None else ""


Standing = Literal["live", "late", "stale", "unknown", "rejected"]


def standing(signal: SignalView, scene: Scene) -> Standing:
    """How far a value can be trusted here and now: without an engine nothing stays fresh (S-07)."""
    if signal.quality in {"unknown", "rejected"}:
        return "rejected" if signal.quality == "rejected" else "unknown"
    if scene.lost is not None or signal.quality == "stale":
        return "stale"
    return "late" if signal.quality == "late" else "live"


def age_of(signal: SignalView, scene: Scene) -> float | None:
    """Seconds since the value was observed, by the engine's clock and what went by here since."""
    if signal.observed_at is None or scene.view is None:
        return None
    return max(0.0, scene.view.at - signal.observed_at) + scene.elapsed
