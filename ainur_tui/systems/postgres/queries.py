"""The SQL, by version of the server (13 to 18) or of the extension. No value is ever built in."""

from __future__ import annotations

PING = """
SELECT pg_is_in_recovery() AS replica,
       extract(epoch FROM pg_postmaster_start_time())::float8 AS started_at
"""

LIMITS = """
SELECT current_setting('max_connections')::int AS most,
       current_setting('superuser_reserved_connections')::int AS reserved,
       coalesce(current_setting('reserved_connections', true), '0')::int AS also_reserved,
       pg_has_role(current_user, 'pg_read_all_stats', 'member') AS sees_all,
       current_user::text AS me
"""
"""``reserved_connections`` exists from 16; a setting that is not there reads as NULL."""

ACTIVITY = """
SELECT a.pid, a.backend_start::text AS backend_start, a.datname, a.usename,
       left(a.application_name, 100) AS application_name, host(a.client_addr) AS client,
       a.state, a.wait_event_type, a.wait_event, a.backend_type,
       extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_age,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS xact_age,
       extract(epoch FROM clock_timestamp() - a.query_start)::float8 AS query_age,
       extract(epoch FROM clock_timestamp() - a.backend_start)::float8 AS alive,
       left(a.query, 4000) AS query, length(a.query) AS query_length,
       a.pid = pg_backend_pid() AS own
  FROM pg_stat_activity AS a
 WHERE a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.datid IS NOT NULL)
 LIMIT 5000
"""
"""Client sessions; without ``pg_read_all_stats`` those of others have NULL nearly everywhere."""

_WAITS = """
SELECT l.pid, pg_blocking_pids(l.pid) AS blockers, l.mode, l.locktype,
       CASE WHEN l.relation IS NOT NULL AND d.datname = current_database()
            THEN left(l.relation::regclass::text, 200) END AS relation,
       {wait_age} AS wait_age
  FROM pg_locks AS l LEFT JOIN pg_database AS d ON d.oid = l.database
 WHERE NOT l.granted AND l.pid = ANY($1::int[])
 LIMIT 500
"""

STATISTICS = """
SELECT (xact_commit + xact_rollback)::float8 AS transactions, blks_hit::float8 AS hit,
       blks_read::float8 AS read, deadlocks::float8 AS deadlocks,
       coalesce(stats_reset::text, '') AS stats_reset
  FROM pg_stat_database WHERE datname = current_database()
"""

TAKEN = """
WITH taken AS (
    SELECT relation FROM pg_locks
     WHERE mode = 'AccessExclusiveLock' AND relation IS NOT NULL
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)"""
"""Relations that somebody has whole or waits to have: asking for their size or their definition
would wait as well."""

TABLES = f"""{TAKEN}
SELECT c.oid::bigint AS oid, left(n.nspname, 100) AS schema, left(c.relname, 100) AS name,
       CASE WHEN c.oid IN (SELECT relation FROM taken)
            THEN c.relpages * current_setting('block_size')::float8
            ELSE pg_total_relation_size(c.oid)::float8 END AS size,
       greatest(c.reltuples, 0)::float8 AS rows, c.reltuples < 0 AS never_analyzed,
       pg_stat_get_dead_tuples(c.oid)::float8 AS dead,
       extract(epoch FROM clock_timestamp() - greatest(pg_stat_get_last_vacuum_time(c.oid),
                                             pg_stat_get_last_autovacuum_time(c.oid)))::float8
           AS vacuum_age
  FROM (SELECT oid, relname, relnamespace, relpages, reltuples FROM pg_class
         WHERE relkind IN ('r', 'm') AND relnamespace IN (
             SELECT oid FROM pg_namespace
              WHERE nspname <> 'information_schema' AND nspname !~ '^pg_')
         ORDER BY relpages DESC, oid LIMIT 50) AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
"""  # noqa: S608 (nothing from outside is in it)
"""The largest by the planner's pages are chosen first: only of those anything is asked."""

SIZE = "SELECT pg_database_size(current_database())::float8 AS size"

EXTENSION = """
SELECT e.extversion AS version, n.nspname AS schema, current_setting('block_size')::int AS block,
       (SELECT oid FROM pg_roles WHERE rolname = current_user) AS us
  FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
 WHERE e.extname = 'pg_stat_statements'
"""

ENTER_SCHEMA = "SELECT set_config('search_path', quote_ident($1), true)"
"""The extension may live anywhere; the server quotes its schema's name, we never do."""

SETTINGS = """
SELECT name, coalesce(setting, '') || coalesce(' × ' || unit, '') AS value,
       setting, unit, context, source, boot_val, vartype, min_val, max_val, enumvals,
       pending_restart AND source <> 'command line' AS pending_restart,
       extract(epoch FROM pg_conf_load_time())::float8 AS loaded_at
  FROM pg_settings
 WHERE context <> 'internal' AND source NOT IN ('client', 'session')
"""
"""What the server runs with; settings of our own session tell nothing of it, and what the command
line overrules is said to wait for a restart that changes nothing."""

US = """
SELECT pg_backend_pid() AS pid, extract(epoch FROM backend_start)::float8 AS started
  FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""
"""The process that serves us: to find out whether the server runs on this machine."""

STATEMENT_INFO = "SELECT dealloc, stats_reset::text AS stats_reset FROM pg_stat_statements_info"

_STATEMENTS = """
SELECT s.queryid, s.userid, {toplevel} AS toplevel, s.calls, s.{time} AS ms, s.rows,
       s.shared_blks_hit AS hit, s.shared_blks_read AS read,
       s.temp_blks_read + s.temp_blks_written AS temp, s.{io}_read_time + s.{io}_write_time AS io,
       {wal}::float8 AS wal
  FROM pg_stat_statements(false) AS s
 WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""Thousands of rows: nothing is converted by the server that we can convert."""

STATEMENT_TEXTS = """
SELECT DISTINCT ON (queryid) queryid, left(query, 4000) AS query, length(query) AS query_length
  FROM pg_stat_statements WHERE queryid = ANY($1::bigint[])
"""

WHOLE_TEXT = """
SELECT CASE WHEN length(query) <= 100000 THEN query END AS query
  FROM pg_stat_statements WHERE queryid = $1 ORDER BY calls DESC LIMIT 1
"""

PREPARED = """
SELECT coalesce(array_length(parameter_types, 1), 0) AS many
  FROM pg_prepared_statements WHERE name = $1
"""


def waits(major: int) -> str:
    """Who waits for which lock, behind whom; ``$1`` are the waiting pids and only those.

    ``pg_locks.waitstart`` tells since when from 14; before it the start of the query has to do.
    """
    exact = "extract(epoch FROM clock_timestamp() - l.waitstart)::float8"
    return _WAITS.format(wait_age=exact if major >= 14 else "NULL::float8")


def has_info(extension: tuple[int, ...]) -> bool:
    """Whether ``pg_stat_statements_info`` is there (extension 1.9, PostgreSQL 14)."""
    return extension >= (1, 9)


def statements(extension: tuple[int, ...]) -> str:
    """Counters of every statement, without the texts, by the *extension's* version.

    An upgraded server keeps the old extension until ALTER EXTENSION … UPDATE, so the server's
    version does not tell the columns: ``total_exec_time`` and WAL from 1.8, ``toplevel`` from 1.9,
    the time of I/O by kind of buffer from 1.11.
    """
    return _STATEMENTS.format(
        time="total_exec_time" if extension >= (1, 8) else "total_time",
        toplevel="s.toplevel" if extension >= (1, 9) else "true",
        io="shared_blk" if extension >= (1, 11) else "blk",
        wal="s.wal_bytes" if extension >= (1, 8) else "NULL",
    )
