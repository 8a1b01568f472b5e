"""The tabs: made when they are first needed, shown one at a time."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.filtering import Filtering
from ainur_tui.console.panels.base import Panel
from ainur_tui.console.panels.registry import PANELS
from ainur_tui.console.screen import MainScreen

if TYPE_CHECKING:
    from ainur_tui.console.feed import Feed

AHEAD = 0.7
"""Seconds after which a tab that nobody looked at is made ahead."""


class Tabbed(Filtering):
    """An app with tabs; ``active`` is the title of the one that is shown."""

    feed: Feed
    glyphs: Glyphs

    def __init__(self, **of_textual: Any) -> None:
        super().__init__(**of_textual)
        self.active = PANELS[0].title
        self._made: dict[str, Panel] = {}

    @abstractmethod
    def redraw_frame(self) -> None:
        """Draw what stands around the tabs."""

    @property
    def panel(self) -> Panel:
        """The tab that is shown."""
        return self._made[self.active]

    async def make_ahead(self) -> None:
        """Make the tabs nobody looked at, one at a time: a first look is as fast as the others."""
        for kind in PANELS:
            # None is on the stack any more while the console is leaving.
            if kind.title not in self._made and any(s.query("#body") for s in self.screen_stack):
                await self._mount(self.panel_of(kind.title))
                self.set_timer(AHEAD, self.make_ahead)
                return

    async def _mount(self, panel: Panel) -> None:
        # Only a panel that has its widgets may be drawn: pictures arrive while this waits.
        panel.display = False
        await self.screen_stack[0].query_one("#body").mount(panel)

    def panel_of(self, title: str) -> Panel:
        """A tab is made when it is first needed: the first paint pays for one."""
        if title not in self._made:
            kind = next(kind for kind in PANELS if kind.title == title)
            self._made[title] = kind(self.glyphs)
        return self._made[title]

    async def action_tab(self, title: str) -> None:
        """Show a tab."""
        if title == self.active:
            return
        before, panel = self.panel, self.panel_of(title)
        if panel.parent is None:
            await self._mount(panel)
        self.active = title
        before.display = False
        panel.display = True
        screen = self.screen_stack[0]
        screen.set_focus(panel.first, scroll_visible=False)
        self.redraw_frame()
        if isinstance(screen, MainScreen):
            screen.paint_now()
        self.feed.look()

    def go(self, title: str) -> None:
        """Show a tab, from wherever this is called."""
        self.call_later(self.action_tab, title)
