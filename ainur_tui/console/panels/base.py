"""What every panel is: a title, a key, what it needs of the engine, and how it shows a scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from textual.widget import Widget

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.widgets.bare import Bare

Wanted = tuple[str, str]
"""A (target, signal) pair whose last hour is drawn."""


@dataclass(frozen=True)
class Selection:
    """What the operator points at: the target actions act on, and what prefills them."""

    target: str | None = None
    params: dict[str, str] = field(default_factory=dict)


class Panel(Bare):
    """A tab. It fetches, judges and formats nothing: pure functions of ``draw`` do."""

    title: ClassVar[str]
    key: ClassVar[str]
    tables: ClassVar[tuple[str, ...]] = ()
    series: ClassVar[tuple[Wanted, ...]] = ()

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id=f"panel-{self.title.lower()}", classes="panel")
        self.glyphs = glyphs

    def show_scene(self, scene: Scene) -> None:
        """Draw the newest picture."""
        raise NotImplementedError

    def wanted(self, scene: Scene) -> list[Wanted]:
        """What is drawn over time now."""
        return list(self.series)

    def selection(self) -> Selection:
        """What actions would act on now."""
        return Selection()

    @property
    def proposes(self) -> bool:
        """Whether it tells by itself which playbook fits or goes on."""
        return False

    @property
    def incidents(self) -> bool:
        """Whether it tells by itself that an incident was seen to be over."""
        return False

    def set_filter(self, words: str) -> None:
        """Narrow what is listed to what holds these words."""

    def drop_filter(self) -> None:
        """List everything again."""
        self.set_filter("")

    @property
    def first(self) -> Widget:
        """The part that lists something and has the keyboard when the tab is shown."""
        raise NotImplementedError

    def focus_first(self) -> None:
        """Give the keyboard to that part."""
        self.first.focus()
