"""Database: connections, sessions, locks, statements, tables, WAL, settings, backups."""

from __future__ import annotations

from ainur_tui.console.panels.target import TargetPanel


class DatabasePanel(TargetPanel):
    """Who is connected, who waits for whom, and which statements cost the most."""

    title = "Database"
    key = "3"
    targets = ("db",)
    signals = (
        ("connections", "db", "db.connections.used"),
        ("pool used", "db", "db.pool.used"),
        ("active", "db", "db.connections.active"),
        ("idle in tx", "db", "db.idle_in_transaction"),
        ("lock waits", "db", "db.locks.waiting"),
        ("longest tx", "db", "db.transaction.oldest"),
        ("slow now", "db", "db.statements.slow"),
        ("commits", "db", "db.transactions.rate"),
        ("answers in", "db", "db.latency"),
        ("cache hits", "db", "db.cache.ratio"),
        ("size", "db", "db.size"),
        ("our looking", "db", "db.looking"),
    )
    charts = (("db", "db.connections.used"), ("db", "db.transactions.rate"))
    tables = (
        "db.sessions", "db.locks", "db.pool", "db.statements", "db.tables", "db.scans",
        "db.indexes", "db.vacuum", "db.wal", "db.replication", "db.settings", "db.progress",
        "db.growth", "backups",
    )  # fmt: skip
