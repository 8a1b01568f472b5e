"""The lines above the log."""

from __future__ import annotations

from ainur_tui.console.draw.logbars import sources_line
from ainur_tui.console.draw.spans import width
from ainur_tui.model.log import LogSourceView

SOURCES = [
    LogSourceView(name=name, target=name, connected=True, rate=1234.5, last_line_at=90.0, dropped=7)
    for name in ("api", "postgres", "node", "frontend")
]


def test_sources_without_room_are_counted() -> None:
    for columns in range(20, 160):
        drawn = sources_line(SOURCES, 100.0, columns)
        text = "".join(part for part, _ in drawn)
        whole = text.count("7 dropped")
        assert width(drawn) <= columns + 4  # the gap behind the last one
        assert ("+" in text) == (whole < len(SOURCES))
        if columns >= 30:
            assert f"+{len(SOURCES) - whole}" in text or whole == len(SOURCES)
