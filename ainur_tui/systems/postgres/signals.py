"""What is read of the database: units, thresholds, and whose thresholds they are."""

from __future__ import annotations

from ainur_tui.model.signal import Signal

UP = Signal(name="db.up", title="database answers", unit="bool", worse="below", fail=1, vital=True)
LATENCY = Signal(name="db.latency", title="database latency", unit="s", warn=0.5)

USED = Signal(name="db.connections.used", title="connections", unit="count")
RATIO = Signal(
    name="db.connections.ratio", title="connections in use", unit="ratio", warn=0.8, fail=0.95,
    origin="guide", scale=1.0,
)  # fmt: skip
ACTIVE = Signal(name="db.connections.active", title="active connections", unit="count")
IDLE = Signal(name="db.connections.idle", title="idle connections", unit="count")
IDLE_TX = Signal(
    name="db.idle_in_transaction", title="sessions idle in transaction", unit="count", warn=5
)
IDLE_TX_OLDEST = Signal(
    name="db.idle_in_transaction.oldest", title="longest idle in transaction", unit="s",
    statistic="max", warn=300, origin="guide",
)  # fmt: skip
WAITING = Signal(name="db.locks.waiting", title="sessions waiting for a lock", unit="count", warn=3)
WAITING_OLDEST = Signal(
    name="db.locks.oldest", title="longest wait for a lock", unit="s", statistic="max", warn=5,
    fail=60,
)  # fmt: skip
OLDEST_TX = Signal(
    name="db.transaction.oldest", title="oldest transaction", unit="s", statistic="max", warn=600
)
SLOW = Signal(name="db.statements.slow", title="statements running over 5 s", unit="count")
POOL = Signal(
    name="db.pool.used", title="fullest pool of an API machine", unit="ratio", statistic="max",
    warn=0.9, scale=1.0,
)  # fmt: skip
ACTIVITY = (
    USED, RATIO, POOL, ACTIVE, IDLE, IDLE_TX, IDLE_TX_OLDEST, WAITING, WAITING_OLDEST, OLDEST_TX,
    SLOW,
)  # fmt: skip

TRANSACTIONS = Signal(name="db.transactions.rate", title="transactions", unit="/s")
CACHE = Signal(
    name="db.cache.ratio", title="cache hit ratio", unit="ratio", worse="below", scale=1.0
)
DEADLOCKS = Signal(name="db.deadlocks.rate", title="deadlocks", unit="/s")
STATISTICS = (TRANSACTIONS, CACHE, DEADLOCKS)

WRAPAROUND = Signal(
    name="db.wraparound", title="age of transaction ids against the forced freeze", unit="ratio",
    statistic="max", warn=1.2,
)  # fmt: skip
LOOKING = Signal(name="db.looking", title="our own looking, a minute", unit="ms")

WAL_RATE = Signal(name="db.wal.rate", title="WAL written", unit="B/s")
ARCHIVER = Signal(
    name="db.archiver.failing", title="archiver failing", unit="bool", warn=0,
    trouble="the archiver fails",
)  # fmt: skip
RETAINED = Signal(
    name="db.slots.retained", title="WAL held back by an unused slot", unit="B", statistic="max",
    warn=1 << 30, fail=10 << 30,
)  # fmt: skip
LAG = Signal(
    name="db.replication.lag", title="replica behind", unit="s", statistic="max", warn=30, fail=300
)
WAL = (WAL_RATE, ARCHIVER, RETAINED, LAG)

SIZE = Signal(name="db.size", title="database size", unit="B")
