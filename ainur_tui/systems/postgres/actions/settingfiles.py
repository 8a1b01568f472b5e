"""What the server runs with beside what its configuration files say. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ainur_tui.model.text import clean
from ainur_tui.model.units import some
from ainur_tui.systems.postgres.actions.tuning import counted, words

SETTING = """
SELECT s.name, s.setting, s.unit, s.vartype, s.enumvals, s.min_val, s.max_val, s.context,
       s.source, s.boot_val, s.pending_restart, s.short_desc,
       coalesce(s.sourcefile LIKE '%postgresql.auto.conf', false) AS ours,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super,
       current_user::text AS me
  FROM pg_settings AS s WHERE s.name = $1
"""
FILES = """
SELECT f.name, f.setting, f.error, f.sourceline, f.sourcefile LIKE '%postgresql.auto.conf' AS auto,
       left(reverse(split_part(reverse(f.sourcefile), '/', 1)), 80) AS file,
       s.setting AS runs, s.unit, s.vartype, s.enumvals, s.min_val, s.max_val, s.context, s.source
  FROM pg_file_settings AS f LEFT JOIN pg_settings AS s USING (name) ORDER BY f.seqno
"""
USE = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS used,
       current_setting('max_connections')::int AS most,
       current_setting('superuser_reserved_connections')::int
       + coalesce(current_setting('reserved_connections', true), '0')::int AS reserved
"""
OWN = """
SELECT coalesce(d.datname::text, 'every database') || ' for '
       || coalesce(r.rolname::text, 'everybody') AS whose
  FROM pg_db_role_setting AS o LEFT JOIN pg_database AS d ON d.oid = o.setdatabase
  LEFT JOIN pg_roles AS r ON r.oid = o.setrole
 WHERE EXISTS (SELECT FROM unnest(o.setconfig) AS c WHERE c LIKE $1 || '=%')
 ORDER BY whose LIMIT 5
"""


def rest_of(name: str, row: Mapping[str, Any], files: list[Any]) -> str:
    """What holds once ours is gone, as far as the files tell."""
    rest = [f["setting"] for f in files if f["name"] == name and not f["auto"]]
    if rest:
        return f"{words(rest[-1], row)} of the configuration file"
    return f"{words(row['boot_val'] or '', row)}, the server's own"


def unapplied(name: str, files: list[Any]) -> str:
    """Other settings whose value in the files is not the one that runs."""
    last = {f["name"]: f for f in files if f["runs"] is not None}
    names = [
        clean(one, 60) for one, f in last.items()
        if one != name and f["context"] not in {"postmaster", "internal"}
        and f["source"] in {"configuration file", "default"}
        and counted(f["setting"], f) not in {None, counted(f["runs"], f)}
    ]  # fmt: skip
    return some(names, 6)
