"""The looks of the tones, kept in one place for all widgets.

Textual styles every component class of every widget by itself; with a dozen tones in each of two
dozen views that was most of the time to the first paint. One hidden widget carries them for all.
"""

from __future__ import annotations

from typing import ClassVar, get_args

from textual.widget import Widget

from ainur_tui.console.draw.spans import Tone


class Tones(Widget):
    """Never shown. ``styles/ainur.tcss`` gives each ``tone-…`` its colours."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone-{tone}" for tone in get_args(Tone)}
