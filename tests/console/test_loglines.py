"""The lines above the log, and its rows."""

from __future__ import annotations

from typing import Any

import pytest

from ainur_tui.console.draw.logbars import sources_line
from ainur_tui.console.draw.loglines import Look, Marks, record_rows
from ainur_tui.console.draw.spans import width
from ainur_tui.console.frame_keys import BINDINGS
from ainur_tui.console.logtime import moment_of
from ainur_tui.console.panels.logfind import FindingPanel
from ainur_tui.console.panels.logs import LogsPanel
from ainur_tui.console.widgets.logview import LogView
from ainur_tui.model.log import LogGap, LogLine, LogSourceView
from tests.console import worlds

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
        if columns >= 30 and whole < len(SOURCES):
            assert f"+{len(SOURCES) - whole}" in text


def test_a_source_that_is_not_connected_is_told_before_the_others() -> None:
    lost = LogSourceView(name="storage", target="storage", connected=False, problem="refused")
    text = "".join(part for part, _ in sources_line([*SOURCES, lost], 100.0, 80))
    assert text.startswith(" storage refused    api ")


def row(record: LogLine | LogGap, columns: int = 80, **marks: Any) -> str:
    return "".join(part for part, _ in record_rows(record, Look(columns), Marks(**marks))[0])


def a_line(message: str, **more: Any) -> LogLine:
    return LogLine(seq=1, at=worlds.NOW, source="api", message=message, **more)


def test_a_row_marks_what_is_booked_hostile_unsure_or_missing() -> None:
    assert row(a_line("plain"))[9] == " "
    assert row(a_line("plain"), booked=True)[9] == "•"
    assert row(a_line("␛[2J"))[9] == "!"
    assert row(a_line("plain"), unsure=True)[9] == "~"
    gap = LogGap(seq=2, source="node", since=worlds.NOW - 9, until=worlds.NOW, dropped=12)
    assert "12 lines of node are not here" in row(gap)


def test_a_class_stands_before_the_words_and_takes_no_room_where_there_is_none() -> None:
    late = a_line("timed out", level="error", log_class="db-timeout")
    assert "ERROR  db-timeout  timed out" in row(late, 120)
    assert "ERROR  timed out" in row(late, 80)
    assert "INFO   calm" in row(a_line("calm", level="info"), 120)


def test_nothing_is_cut_without_a_sign_and_wrapped_rows_hold_all() -> None:
    long = a_line("x" * 200, fields={"request": "r" * 50}, level="error", log_class="db-timeout")
    for columns in (40, 80, 120, 200):
        for record in (long, a_line("short", fields={"request": "r" * 300})):
            drawn = row(record, columns)
            assert len(drawn) <= columns
            assert drawn.endswith("…")
        rows = record_rows(long, Look(columns, wrap=True), Marks())
        words = "".join(part for spans in rows for part, _ in spans)
        assert words.count("x") == 200
        assert words.count("r") >= 50
        assert all(width(spans) <= columns for spans in rows)


@pytest.mark.parametrize(
    ("words", "before"),
    [("15m", 900), ("2h ago", 7200), ("-3d", 259200), ("05:59", 60), ("06:00:30", 86370),
     ("11-24 05:00", 3600), ("2026-11-23 06:00:00", 86400)],
)  # fmt: skip
def test_moments_are_read_as_people_write_them(words: str, before: float) -> None:
    assert moment_of(words, worlds.NOW) == worlds.NOW - before


@pytest.mark.parametrize("words", ["soon", "25:00", "11-31 10:00", "", "12"])
def test_what_is_no_moment_is_none(words: str) -> None:
    assert moment_of(words, worlds.NOW) is None


def test_no_key_of_the_logs_is_one_of_the_frames() -> None:
    def keys(bindings: Any) -> set[str]:
        return {key for binding in bindings for key in binding.key.split(",")}

    own = keys(LogView.BINDINGS) | keys(LogsPanel.BINDINGS) | keys(FindingPanel.BINDINGS)
    assert own & keys(BINDINGS) == {"escape"}  # which is the frame's when nothing is to leave
