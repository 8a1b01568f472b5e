"""Containers that show nothing of their own.

The compositor asks everything under a repainted cell for its lines; a container's are always the
same blank one.
"""

from __future__ import annotations

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Bare(Widget):
    """Lays its children out; between them is its background."""

    def render_lines(self, crop: Region) -> list[Strip]:
        _, background = self.background_colors
        blank = Strip.blank(crop.width, Style(bgcolor=background.rich_color))
        for one in self.get_line_filters():
            blank = blank.apply_filter(one, background)
        return [blank] * crop.height


class Across(Bare):
    """Children side by side."""

    DEFAULT_CSS = "Across { layout: horizontal; width: 1fr; height: 1fr; }"


class Down(Bare):
    """Children one under the other."""

    DEFAULT_CSS = "Down { layout: vertical; width: 1fr; height: 1fr; }"
