"""A widget that shows lines of spans and repaints only the columns that changed.

No layout, no children, no markup: a refresh costs one comparison a row, and bytes go to the
terminal only for what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
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
        self._strips: dict[int, tuple[Line, Strip]] = {}
        self._background: Color | None = None
        self._drawn: Size | None = None
        self._painted: Size | None = None

    def show(self, lines: Sequence[Line]) -> None:
        """Replace the lines; only rows that differ are painted again."""
        size = self.size
        old, self._lines, self._drawn = self._lines, list(lines), size
        if self._painted != size:
            return  # it is painted as a whole when its turn comes
        for row in range(min(max(len(old), len(self._lines)), size.height)):
            before, after = _row(old, row), _row(self._lines, row)
            if before != after:
                ranges = changed(before, after)
                self.refresh(*(Region(start, row, end - start, 1) for start, end in ranges))

    def on_hide(self) -> None:
        """What was drawn is old by the time it is shown again."""
        self._drawn = self._painted = None

    def new_size(self) -> None:
        """Draw for another size: called within the paint, so that its first frame has it."""
        redraw = self._sized or getattr(self.app, "redraw", None)
        if redraw is not None:
            redraw()

    def render_lines(self, crop: Region) -> list[Strip]:
        size = self.size
        if self._drawn != size:
            self.new_size()
        if self._painted != size:
            self._strips.clear()
            self._painted = size
        filters = self.get_line_filters()
        strips = [self._strip(row, size.width, filters) for row in range(crop.y, crop.bottom)]
        if crop.x or crop.right < size.width:
            strips = [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def notify_style_update(self) -> None:
        self._styles.clear()
        self._strips.clear()
        self._background = None
        super().notify_style_update()

    def _strip(self, row: int, columns: int, filters: Sequence[LineFilter]) -> Strip:
        """The strip of a row: made anew only where the line is another."""
        spans = _row(self._lines, row)
        kept = self._strips.get(row)
        if kept is None or kept[0] != spans:
            strip = self.strip(spans, columns)
            for one in filters:
                strip = strip.apply_filter(one, self._ground)
            kept = self._strips[row] = (spans, strip)
        return kept[1]

    @property
    def _ground(self) -> Color:
        """What this widget stands on: asked for once, as it takes the whole line of parents."""
        if self._background is None:
            self._background = self.background_colors[1]
        return self._background

    def style_of(self, tone: str) -> Style:
        """The style of a tone on this widget's own background."""
        found = self._styles.get(tone)
        if found is None:
            tones = self.app.screen_stack[0].query_one(Tones)
            looks = tones.get_component_rich_style(f"tone-{tone}", partial=True)
            found = self._styles[tone] = Style(bgcolor=self._ground.rich_color) + looks
        return found

    def strip(self, spans: Line, columns: int) -> Strip:
        """A line of spans as a strip of exactly ``columns``."""
        base = self.style_of("text")
        segments = [
            Segment(self.glyphs.plain(text), self.style_of(tone)) for text, tone in spans if text
        ]
        return Strip(segments).adjust_cell_length(columns, base)

    @property
    def text(self) -> str:
        """What is shown, as plain text: for tests and for the clipboard."""
        return "\n".join("".join(text for text, _ in spans) for spans in self._lines)


def _row(lines: Sequence[Line], row: int) -> Line:
    return lines[row] if row < len(lines) else EMPTY
