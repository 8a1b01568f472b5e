"""A widget that shows lines of spans and repaints only the columns that changed.

No layout, no children, no markup: a refresh costs one comparison a row, and bytes go to the
terminal only for what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from ainur_tui.console.draw.changes import changed
from ainur_tui.console.draw.glyphs import UNICODE, Glyphs
from ainur_tui.console.draw.spans import EMPTY, Line
from ainur_tui.console.widgets.tones import Tones


class LinesView(Widget):
    """Draws ``lines`` from the top; rows beyond them stay empty."""

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,
        classes: str | None = None,
        sized: Callable[[], None] | None = None,
    ) -> None:
        """``sized`` draws for a new size; without it the app draws everything."""
        super().__init__(id=id, classes=classes)
        self.glyphs = glyphs
        self._sized = sized
        self._lines: list[Line] = []
        self._styles: dict[str, Style] = {}
        self._painted: Size | None = None

    def show(self, lines: Sequence[Line]) -> None:
        """Replace the lines; only rows that differ are painted again."""
        fresh = list(lines)
        old, self._lines = self._lines, fresh
        if self._painted != self.size:
            return  # it is painted as a whole when its turn comes
        for row in range(min(max(len(old), len(fresh)), self.size.height)):
            before = old[row] if row < len(old) else EMPTY
            after = fresh[row] if row < len(fresh) else EMPTY
            if before != after:
                ranges = changed(before, after)
                self.refresh(*(Region(start, row, end - start, 1) for start, end in ranges))

    def new_size(self) -> None:
        """Draw for another size: called within the paint, so that its first frame has it."""
        redraw = self._sized or getattr(self.app, "redraw", None)
        if redraw is not None:
            redraw()

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._painted != self.size:
            self.new_size()
            self._painted = self.size
        return super().render_lines(crop)

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def style_of(self, tone: str) -> Style:
        """The style of a tone on this widget's own background."""
        found = self._styles.get(tone)
        if found is None:
            tones = self.app.screen_stack[0].query_one(Tones)
            _, background = self.background_colors
            looks = tones.get_component_rich_style(f"tone-{tone}", partial=True)
            found = self._styles[tone] = Style(bgcolor=background.rich_color) + looks
        return found

    def strip(self, spans: Line, columns: int) -> Strip:
        """A line of spans as a strip of exactly ``columns``."""
        base = self.style_of("text")
        segments = [
            Segment(self.glyphs.plain(text), self.style_of(tone)) for text, tone in spans if text
        ]
        return Strip(segments).adjust_cell_length(columns, base)

    def render_line(self, y: int) -> Strip:
        spans = self._lines[y] if y < len(self._lines) else EMPTY
        return self.strip(spans, self.size.width)

    @property
    def text(self) -> str:
        """What is shown, as plain text: for tests and for the clipboard."""
        return "\n".join("".join(text for text, _ in spans) for spans in self._lines)
