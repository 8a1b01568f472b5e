"""The screen under the tabs: one layout and one paint for what is one change."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget


class MainScreen(Screen[Any]):
    """A screen with the classes of the terminal's size from the start, so that the first layout is
    the last. A change of focus repaints the widgets it concerns, not everything."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(
        self,
        across: Sequence[tuple[int, str]],
        down: Sequence[tuple[int, str]],
        resumed: Callable[[], None],
    ) -> None:
        """``across`` and ``down`` are the breakpoints; ``resumed`` draws what stands here."""
        self._resumed = resumed
        columns, rows = shutil.get_terminal_size()
        names = [_class_for(columns, across), _class_for(rows, down)]
        super().__init__(id="_default", classes=" ".join(names))

    def on_screen_resume(self) -> None:
        """A dialog was closed: the keys below are those of the tab again, at once."""
        self.call_later(self._resumed)

    def paint_now(self) -> None:
        """Lay out and paint without waiting for messages and the next tick of the screen: the
        answer to a key comes before anything else that arrives meanwhile."""
        due = [widget for widget in self.walk_children(Widget) if widget._repaint_required]
        self._dirty_widgets.update(due)
        self._refresh_layout()
        for widget in due:  # what was hidden before was painted too: not a second time
            widget._exchange_repaint_regions()


def _class_for(size: int, breakpoints: Sequence[tuple[int, str]]) -> str:
    return max(point for point in breakpoints if point[0] <= size)[1]
