"""The SQL about WAL, checkpoints, the archiver and replicas, by version of the server."""

from __future__ import annotations

_POSITION = """CASE WHEN pg_is_in_recovery()
    THEN coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
    ELSE pg_current_wal_lsn() END"""
"""How far this server's WAL reaches; a function that does not fit its role is never called."""

_SINCE = "extract(epoch FROM clock_timestamp() - {0})::float8"

_WRITTEN = """
SELECT ({position} - '0/0'::pg_lsn)::float8 AS position, pg_is_in_recovery() AS replica,
       c.*, b.buffers_clean::float8 AS cleaned, b.maxwritten_clean::float8 AS stopped,
       current_setting('block_size')::float8 AS block,
       current_setting('archive_mode') AS archive_mode,
       a.archived_count::float8 AS archived, left(a.last_archived_wal, 60) AS archived_wal,
       {archived} AS archived_age, a.failed_count::float8 AS failures,
       left(a.last_failed_wal, 60) AS failed_wal, {failed} AS failed_age,
       a.last_failed_time > coalesce(a.last_archived_time, '-infinity') AS failing
  FROM {checkpoints} AS c, pg_stat_bgwriter AS b, pg_stat_archiver AS a
"""
_CHECKPOINTS_17 = """(SELECT num_timed::float8 AS timed, num_requested::float8 AS requested,
    buffers_written::float8 AS buffers, (write_time + sync_time)::float8 / 1000 AS seconds,
    NULL::float8 AS backends, {since} AS since FROM pg_stat_checkpointer)"""
_CHECKPOINTS = """(SELECT checkpoints_timed::float8 AS timed, checkpoints_req::float8 AS requested,
    buffers_checkpoint::float8 AS buffers,
    (checkpoint_write_time + checkpoint_sync_time)::float8 / 1000 AS seconds,
    buffers_backend::float8 AS backends, {since} AS since FROM pg_stat_bgwriter)"""

REPLICAS = f"""
SELECT pid, left(usename, 60) AS usename, left(application_name, 60) AS name,
       host(client_addr) AS client, state, sync_state,
       pg_wal_lsn_diff({_POSITION}, replay_lsn)::float8 AS behind,
       extract(epoch FROM replay_lag)::float8 AS lag,
       pg_wal_lsn_diff({_POSITION}, sent_lsn)::float8 AS unsent,
       {_SINCE.format("backend_start")} AS since
  FROM pg_stat_replication LIMIT 50
"""  # noqa: S608 (nothing from outside is in it)

_SLOTS = """
SELECT s.slot_name::text AS name, s.slot_type AS type, s.active, s.active_pid AS pid,
       s.temporary, s.wal_status, left(s.plugin, 60) AS plugin,
       left(s.database, 60) AS database, s.safe_wal_size::float8 AS left_over,
       coalesce(s.restart_lsn::text, '') AS lsn,
       pg_wal_lsn_diff({position}, s.restart_lsn)::float8 AS retained,
       greatest(age(s.xmin), age(s.catalog_xmin))::float8 AS xmin_age, {inactive} AS inactive
  FROM pg_replication_slots AS s
"""

RECEIVER = f"""
SELECT left(status, 30) AS status,
       pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8 AS behind,
       {_SINCE.format("pg_last_xact_replay_timestamp()")} AS lag
  FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver ON true
"""  # noqa: S608
"""On a replica: from whom it takes WAL, and how much of it is not replayed yet."""


def written(major: int) -> str:
    """WAL written, checkpoints and the archiver in one row; checkpoints moved to a view of their
    own in 17, and what backends write themselves to ``pg_stat_io``."""
    found = _CHECKPOINTS_17 if major >= 17 else _CHECKPOINTS
    return _WRITTEN.format(
        position=_POSITION, checkpoints=found.format(since=_SINCE.format("stats_reset")),
        archived=_SINCE.format("a.last_archived_time"),
        failed=_SINCE.format("a.last_failed_time"),
    )  # fmt: skip


def slots(major: int) -> str:
    """Replication slots; since when one is unused is kept from 17 on."""
    inactive = _SINCE.format("s.inactive_since") if major >= 17 else "NULL::float8"
    return _SLOTS.format(position=_POSITION, inactive=inactive)
