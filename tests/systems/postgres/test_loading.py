"""The script of pg_restore's data section, cut wherever it may be, into its tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ainur_tui.model.failure import ActionFailure
from ainur_tui.systems.postgres.backup import lanes
from ainur_tui.systems.postgres.backup.loading import load

SCRIPT = (
    b"SET client_encoding = 'UTF8';\n"
    b"COPY public.plain (id, name) FROM stdin;\n1\tone\n2\ttwo\n\\.\n\n\n"
    b"COPY public.odd (name) FROM stdin;\n\\N\n\\\\.\n.\\\\\n\\.\n\n\n"
    b"COPY public.empty (id) FROM stdin;\n\\.\n\n\n"
    b"SELECT pg_catalog.setval('public.plain_id_seq', 2, true);\n"
)


class Server:
    """What a server would have: rows by table, and the statements."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.said: list[str] = []
        self.new = {"public.plain"}
        self.frozen: list[str] = []

    async def fetchval(self, query: str, table: str) -> bool:
        del query
        return table in self.new

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        self.said.append("BEGIN")
        yield
        self.said.append("COMMIT")

    async def execute(self, statement: str) -> None:
        self.said.append(statement.strip())

    async def copy_to_table(self, name: str, *, source: AsyncIterator[bytes], **more: Any) -> str:
        self.said.append(f"COPY {name}")
        self.frozen += [name] * bool(more["freeze"])
        async for block in source:
            await asyncio.sleep(0)
            assert block.endswith(b"\n"), "a row was cut in two"
            self.rows[name] = self.rows.get(name, b"") + block
        return "COPY"


async def cut(size: int, script: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(script), size):
        yield script[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40, 1000])
async def test_every_row_comes_to_its_table_wherever_the_script_is_cut(size: int) -> None:
    server: Any = Server()
    await load(cut(size, SCRIPT), [server])
    assert server.rows == {"plain": b"1\tone\n2\ttwo\n", "odd": b"\\N\n\\\\.\n.\\\\\n"}
    assert server.said == [
        "SET client_encoding = 'UTF8';",
        "BEGIN", "TRUNCATE public.plain", "COPY plain", "COMMIT", "COPY odd", "COPY empty",
        "SELECT pg_catalog.setval('public.plain_id_seq', 2, true);",
    ]  # fmt: skip
    assert server.frozen == ["plain"], "a table that has rows already keeps them"


@pytest.mark.parametrize("end", [60, 75, 82])
async def test_rows_that_end_in_their_middle_are_no_restore(end: int) -> None:
    server: Any = Server()
    with pytest.raises(ActionFailure, match="end in their middle"):
        await load(cut(40, SCRIPT[:end]), [server])


ROWS = [b"%d\tsome words\n" % number for number in range(1000)]
LARGE = (
    b"SET row_security = off;\n"
    b"COPY public.large (id, name) FROM stdin;\n" + b"".join(ROWS) + b"\\.\n\n\n"
    b"COPY public.plain (id, name) FROM stdin;\n1\tone\n\\.\n\n\n"
)


@pytest.mark.parametrize("lasting", [True, False])
async def test_a_large_table_is_dealt_to_all_and_frozen_where_it_stays(
    monkeypatch: pytest.MonkeyPatch, lasting: bool
) -> None:
    for name, most in (("_SMALL", 1000), ("_AT_ONCE", 2000), ("_BEHIND", 6000)):
        monkeypatch.setattr(lanes, name, most)
    servers: list[Any] = [Server(), Server(), Server()]
    await load(cut(500, LARGE), servers, lasting=lasting)
    assert sorted(b"".join(one.rows["large"] for one in servers).splitlines(True)) == sorted(ROWS)
    said = [word for one in servers for word in one.said]
    assert said.count("SET row_security = off;") == len(servers)
    assert said.count("COPY large") > len(servers), "it is committed in parts"
    freezing = [one for one in said if one.startswith("VACUUM (FREEZE")]
    assert len(freezing) > 1 if lasting else not freezing


async def test_one_session_that_fails_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_SMALL", 1000)

    class Full(Server):
        async def copy_to_table(self, name: str, **more: Any) -> str:
            raise OSError("no space left on device")

    servers: list[Any] = [Server(), Full()]
    for script in (LARGE, SCRIPT):
        with pytest.raises(OSError, match="no space"):
            await load(cut(500, script), servers)
    assert not any(word.startswith("VACUUM") for one in servers for word in one.said)
