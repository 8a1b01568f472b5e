"""Places in the log as tables: what is new, and the bookmarks."""

from __future__ import annotations

from collections.abc import Mapping

from ainur_tui.model.log import Level, LogLine
from ainur_tui.model.logquery import LogNews
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import clock

TONE: dict[Level | None, Tone] = {"warn": "warn", "error": "fail", "fatal": "fail"}


def news_table(news: LogNews, now: float) -> Table:
    """Messages by template, worst and most frequent first, as the engine gives them."""
    columns = [
        Column(name="count", title="count", unit="count"),
        Column(name="level", title="level", rank=1),
        Column(name="source", title="source", rank=2, limit=12),
        Column(name="first", title="first (UTC)", unit="time", rank=3),
        Column(name="what", title="message", limit=200),
    ]
    rows = [
        Row(key=str(one.seq), tone=TONE.get(one.level, "none"),
            cells=[one.count, one.level or "—", one.source, one.first_at, one.example])
        for one in news.templates
    ]  # fmt: skip
    note = f"since {clock(news.since)}, not said from {clock(news.good_since)} on"
    if news.reaches_back_to is not None and news.reaches_back_to > news.good_since:
        note = f"since {clock(news.since)}; known only from {clock(news.reaches_back_to)} on"
    return Table(name="log.new", target="", title="Messages", columns=columns, rows=rows,
                 observed_at=now, interval=1e9, source="the log", note=note)  # fmt: skip


def books_table(books: Mapping[int, LogLine], now: float) -> Table:
    """The bookmarks by their time."""
    columns = [
        Column(name="at", title="at (UTC)", unit="time"),
        Column(name="source", title="source", rank=1, limit=12),
        Column(name="level", title="level", rank=2),
        Column(name="what", title="message", limit=200),
    ]
    rows = [
        Row(key=str(one.seq), tone=TONE.get(one.level, "none"),
            cells=[one.at, one.source, one.level or "—", one.message])
        for one in sorted(books.values(), key=lambda one: (one.at, one.seq))
    ]  # fmt: skip
    return Table(name="log.books", target="", title="Bookmarks", columns=columns, rows=rows,
                 observed_at=now, interval=1e9, source="this console")  # fmt: skip
