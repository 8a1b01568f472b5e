"""What is too old for the history goes."""

from __future__ import annotations

import sqlite3

RAW_KEPT = 86_400.0
"""Seconds single readings are kept."""
MINUTES_KEPT = 30 * 86_400.0
EVENTS_KEPT = 400 * 86_400.0


def prune(db: sqlite3.Connection, now: float) -> set[int]:
    """Remove it series by series: each is one short walk of an index. A series that nothing is
    left of goes too, for machines come and go for years; returns the numbers of the others."""
    numbers = [row[0] for row in db.execute("SELECT id FROM series")]
    with db:
        for number in numbers:
            for table, kept in (("raw", RAW_KEPT), ("minute", MINUTES_KEPT)):
                db.execute(
                    f"DELETE FROM {table} WHERE series = ? AND at < ?",  # noqa: S608
                    (number, now - kept),
                )
        db.execute("DELETE FROM event WHERE at < ?", (now - EVENTS_KEPT,))
        db.execute(
            "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM raw WHERE series = series.id)"
            " AND NOT EXISTS (SELECT 1 FROM minute WHERE series = series.id)"
        )
        db.execute(
            "DELETE FROM word WHERE id NOT IN"
            " (SELECT target FROM series UNION SELECT signal FROM series)"
        )
    return {row[0] for row in db.execute("SELECT id FROM series")}
