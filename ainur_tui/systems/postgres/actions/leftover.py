"""What a broken-off concurrent rebuild of an index leaves behind, and how it is cleared away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.units import size
from ainur_tui.systems.acting import StepContext
from ainur_tui.systems.postgres.actions.hands import Hands
from ainur_tui.systems.postgres.actions.relations import quoted

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_MARK = re.compile(r"(.+)_cc(?:new|old)\d*", re.DOTALL)
_LONGEST_NAME = 63
_CUT = 4
"""Bytes by which the server may cut a name short of the longest to keep a character whole."""
_SIBLINGS = """
SELECT c.oid::bigint AS oid, c.relname AS name, pg_relation_size(c.oid)::float8 AS size
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE i.indrelid = $1::bigint::oid AND NOT i.indisvalid AND c.relkind = 'i'
 ORDER BY c.oid
"""


def is_left_of(name: str, index: str) -> bool:
    """Whether ``name`` is what the server calls a half-built twin of ``index``."""
    found = _MARK.fullmatch(name)
    if found is None:
        return False
    cut = len(name.encode()) > _LONGEST_NAME - _CUT and index.startswith(found[1])
    return found[1] == index or cut


async def leftovers(
    connection: Connection[Record], table: int, index: str
) -> list[Mapping[str, Any]]:
    """The invalid twins of an index: ``oid``, ``name``, ``size`` in bytes."""
    rows = await connection.fetch(_SIBLINGS, table)
    return [dict(row) for row in rows if is_left_of(row["name"], index)]


def told(rows: list[Mapping[str, Any]]) -> str:
    """``x_ccnew (invalid, 1.2 MiB)``; not yet clean."""
    return ", ".join(f"{row['name']} (invalid, {size(row['size'])})" for row in rows)


async def drop(
    hands: Hands, table: int, index: str, step: StepContext, wait: float
) -> tuple[str, str]:
    """Drop them without shutting anybody out; what was dropped, and what is still there (each
    empty where nothing is). Raises ``ProbeFailure``."""
    async with hands.reading() as connection:
        names = [
            (row, await quoted(connection, row["oid"]))
            for row in await leftovers(connection, table, index)
        ]
    try:
        for _, name in names:
            await hands.act(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", step, wait)
    except ActionFailure:
        pass  # what is there is looked at now, whatever was answered
    async with hands.reading() as connection:
        left = await leftovers(connection, table, index)
    there = {row["oid"] for row in left}
    return told([row for row, _ in names if row["oid"] not in there]), told(left)
