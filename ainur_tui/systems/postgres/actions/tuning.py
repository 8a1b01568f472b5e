"""Settings that may be changed from here, what each brings with it, and their values as the server
counts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ainur_tui.model.units import duration, size

_PLANS = "plans of queries may change"
_MEMORY = "the server does not start where the machine has not that much memory"
_ROOM = "larger lets more disk be used between checkpoints, and a crash recovers longer"
_WORK = "every worker costs memory and a processor"
_LOGS = "the log grows faster"
_ENDS = "sessions that take longer are broken off: migrations and backups among them"
_VACUUM = "autovacuum comes oftener or more seldom"
GUIDE = frozenset({
    "max_connections", "shared_buffers", "effective_cache_size", "work_mem",
    "log_min_duration_statement", "log_checkpoints", "log_connections",
})  # fmt: skip
"""Those of the guide's section on tuning."""
CONSEQUENCES: Mapping[str, str] = {
    "max_connections": "every connection costs memory; a lower number shuts sessions out",
    "shared_buffers": _MEMORY,
    "effective_cache_size": _PLANS,
    "work_mem": "each sort and hash of each session may take that much",
    "log_min_duration_statement": "statements are logged with their values; 0 logs every one",
    "log_checkpoints": "a line a checkpoint",
    "log_connections": "a line or two a connection",
    "log_disconnections": "a line a disconnection",
    "log_lock_waits": "a line for each long wait",
    "log_temp_files": _LOGS,
    "log_autovacuum_min_duration": _LOGS,
    "maintenance_work_mem": "each vacuum and index build may take that much",
    "autovacuum_work_mem": "each autovacuum worker may take that much",
    "autovacuum": "dead rows are cleared away again",
    "fsync": "every commit waits for the disk",
    "full_page_writes": "more is written after each checkpoint",
    "password_encryption": "passwords set from then on are kept so",
    "autovacuum_naptime": _VACUUM,
    "autovacuum_max_workers": _WORK,
    "autovacuum_vacuum_scale_factor": _VACUUM,
    "autovacuum_vacuum_threshold": _VACUUM,
    "autovacuum_vacuum_insert_scale_factor": _VACUUM,
    "autovacuum_analyze_scale_factor": _VACUUM,
    "autovacuum_analyze_threshold": _VACUUM,
    "autovacuum_vacuum_cost_limit": "autovacuum takes more or less of the disk",
    "autovacuum_vacuum_cost_delay": "autovacuum takes more or less of the disk",
    "checkpoint_timeout": _ROOM,
    "checkpoint_completion_target": "writing at checkpoints is spread wider or closer",
    "max_wal_size": _ROOM,
    "min_wal_size": "that much disk is kept for the log of changes",
    "wal_buffers": "a little shared memory",
    "wal_compression": "less disk for more processor",
    "random_page_cost": _PLANS,
    "seq_page_cost": _PLANS,
    "effective_io_concurrency": "more reading ahead at once",
    "maintenance_io_concurrency": "more reading ahead at once",
    "default_statistics_target": f"{_PLANS}; analyze takes longer with more",
    "jit": _PLANS,
    "hash_mem_multiplier": "each hash may take that many times work_mem",
    "max_worker_processes": _WORK,
    "max_parallel_workers": _WORK,
    "max_parallel_workers_per_gather": f"{_WORK}; {_PLANS}",
    "max_parallel_maintenance_workers": _WORK,
    "statement_timeout": _ENDS,
    "lock_timeout": "statements that wait longer for a lock fail",
    "idle_in_transaction_session_timeout": "sessions idle in a transaction for longer are ended",
    "idle_session_timeout": "idle sessions are ended, those of pools among them",
    "deadlock_timeout": "deadlocks are found sooner or later",
    "client_connection_check_interval": "statements of clients that are gone are ended",
    "tcp_keepalives_idle": "dead connections are noticed sooner or later",
    "tcp_keepalives_interval": "dead connections are noticed sooner or later",
    "tcp_keepalives_count": "dead connections are noticed sooner or later",
    "track_io_timing": "the clock is read at each read of the disk",
    "pg_stat_statements.max": "a little shared memory for each statement",
    "pg_stat_statements.track": "which statements are counted",
}
"""By name. What can lose data or lock people out (synchronous_commit, data_directory, hba_file,
listen_addresses, ssl…) is not among them."""
ONLY: Mapping[str, str] = {
    "autovacuum": "on", "fsync": "on", "full_page_writes": "on",
    "password_encryption": "scram-sha-256",
}  # fmt: skip
"""Those that have one value nobody regrets, and are set to no other from here."""

_NUMBER = re.compile(r"([-+]?(?:\d+(?:\.\d*)?|\.\d+))\s*([A-Za-z]*)")
_UNIT = re.compile(r"(\d*)([A-Za-z]+)")
_BYTES = {"B": 1.0, "kB": 1024.0, "MB": 1024.0**2, "GB": 1024.0**3, "TB": 1024.0**4}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_TRUE, _FALSE = {"on", "true", "yes", "1"}, {"off", "false", "no", "0"}


def counted(value: str, row: Mapping[str, Any]) -> str | float | None:
    """A value as ``pg_settings`` (``row``) tells it, numbers in its unit; ``None`` for what the
    setting cannot be."""
    kind, given = row["vartype"], value.strip()
    if kind == "bool":
        word = given.lower()
        return "on" if word in _TRUE else "off" if word in _FALSE else None
    if kind == "enum":
        return given.lower() if given.lower() in (row["enumvals"] or []) else None
    if kind == "string":
        return given
    number = _in_unit(given, row["unit"])
    if number is None:
        return None
    if kind == "integer":
        number = float(round(number))
    return number if float(row["min_val"]) <= number <= float(row["max_val"]) else None


def wanted(row: Mapping[str, Any]) -> str:
    """What values a setting takes, in words."""
    match row["vartype"]:
        case "bool":
            return "on or off"
        case "enum":
            return ", ".join(row["enumvals"] or [])
        case "string":
            return "a text"
    unit = f" (in units of {row['unit']}; 16MB or 5min are understood)" if row["unit"] else ""
    return f"a number from {row['min_val']} to {row['max_val']}{unit}"


def words(value: str, row: Mapping[str, Any]) -> str:
    """A value of ``pg_settings`` as people read it, with its unit."""
    number = _in_unit(value, row["unit"]) if row["vartype"] in {"integer", "real"} else None
    if number is None or number < 0 or not row["unit"]:
        return value or "empty"
    many, unit = _parted(row["unit"])
    if unit in _BYTES:
        return size(number * many * _BYTES[unit])
    return duration(number * many * _SECONDS[unit])


def _in_unit(value: str, unit: str | None) -> float | None:
    """A number, with or without a unit of its own, in ``unit``."""
    found = _NUMBER.fullmatch(value)
    if found is None:
        return None
    number, own = float(found[1]), found[2]
    if not own:
        return number
    if not unit:
        return None
    many, base = _parted(unit)
    for units in (_BYTES, _SECONDS):
        if own in units and base in units:
            return number * units[own] / (many * units[base])
    return None


def _parted(unit: str) -> tuple[float, str]:
    """``8kB`` as 8 and kB."""
    found = _UNIT.fullmatch(unit)
    return (float(found[1] or 1), found[2]) if found else (1.0, unit)
