"""The indexes of a restore, side by side, the longest first.

pg_restore takes those of a table in the archive's order, and a key never beside another index of
its table, because to add a constraint it locks the table. Here a key is a unique index first; the
constraint that uses it comes last, and takes no time. Only statements that are wholly understood
are taken out of pg_restore's hands: the rest (partitions, expressions over several lines, a
tablespace of its own, foreign keys, triggers) stays on the list for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ainur_tui.systems.postgres.backup.lanes import together

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ENTRY = re.compile(
    r"--\n-- Name: (?P<name>[\w$ ]+); Type: (?P<type>INDEX|CONSTRAINT); Schema: (?P<schema>[\w$]+);"
    r"[^\n]*\n--\n\n"
    r"(?:CREATE (?:UNIQUE )?INDEX [\w$]+ ON (?P<indexed>[\w$]+\.[\w$]+) USING (?P<how>[ -~]+)"
    r"|ALTER TABLE ONLY (?P<keyed>[\w$]+\.[\w$]+)\n    ADD CONSTRAINT (?P<key>[\w$]+)"
    r" (?P<kind>PRIMARY KEY|UNIQUE) (?P<columns>\([\w ,$]+\)));\n\n\n(?=--\n)",
    re.ASCII,
)
_ELSEWHERE = re.compile(r"^SET default_tablespace = (?!'';)", re.MULTILINE)
_HELPERS = 2
"""Most parallel workers of one build. They cost a fifth more, and pay where a processor is idle."""
_SLOW = 4
"""How much longer an index that is no B-tree may take."""


class Build(NamedTuple):
    """An index. ``entry`` is its line in pg_restore's list, ``table`` as a manifest writes it,
    ``key`` the statement that makes a constraint of it, ``weight`` how long it may take beside
    others."""

    entry: str
    table: str
    statement: str
    key: str | None
    weight: int


def builds(script: str, listing: str, rows: Mapping[str, int]) -> list[Build]:
    """What of an archive's post-data section can be built here: ``script`` and ``listing`` are what
    pg_restore makes of it, ``rows`` those of its ordinary tables. A name that two lines of the
    list may mean (it has a space) is not wholly understood."""
    if _ELSEWHERE.search(script):
        return []
    lines: dict[tuple[str, ...], list[str]] = {}
    for line in listing.splitlines():
        words = line.split(" ")
        name = words[3:7] if "CONSTRAINT" in words[3:4] else words[3:6]
        lines.setdefault(tuple(name), []).append(line)
    found = []
    for entry in _ENTRY.finditer(script):
        table = entry["indexed"] or entry["keyed"]
        shown = lines.get((entry["type"], entry["schema"], *entry["name"].split(" ")), [])
        if table in rows and len(shown) == 1:
            found.append(_build(entry, shown[0], table, rows[table]))
    return found


def without(wanted: Sequence[Build], listing: str) -> bytes:
    """The list of what is left for pg_restore."""
    mine = {build.entry for build in wanted}
    return "".join(f"{line}\n" for line in listing.splitlines() if line not in mine).encode()


def _build(entry: re.Match[str], line: str, table: str, rows: int) -> Build:
    how = entry["how"] or f"btree {entry['columns']}"
    weight = rows * (1 + how.count(",")) * (1 if how.startswith("btree ") else _SLOW)
    if not (name := entry["key"]):
        statement = entry[0].rpartition("--\n\n")[2].strip()
        return Build(line, table, statement, None, weight)
    statement = f"CREATE UNIQUE INDEX {name} ON {table} USING {how};"
    key = f"ALTER TABLE ONLY {table} ADD CONSTRAINT {name} {entry['kind']} USING INDEX {name};"
    return Build(line, table, statement, key, weight)


async def build(wanted: Sequence[Build], sessions: Sequence[Connection[Record]]) -> None:
    """Build all side by side, then make constraints of the keys. Raises what the server says."""
    waiting, building = sorted(wanted, key=lambda one: one.weight), 0

    async def work(session: Connection[Record]) -> None:
        nonlocal building
        while waiting:
            longest = waiting.pop()
            building += 1
            helpers = max(0, min(_HELPERS, len(sessions) - building - len(waiting)))
            await session.execute(f"SET max_parallel_maintenance_workers = {helpers}")
            await session.execute(longest.statement)
            building -= 1

    await together(*(work(session) for session in sessions))
    for one in wanted:
        if one.key:
            await sessions[0].execute(one.key)
