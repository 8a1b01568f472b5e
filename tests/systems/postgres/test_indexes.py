"""Indexes beside the loading: only what is wholly understood, the longest first, keys last."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ainur_tui.systems.postgres.backup.indexes import build, builds, without

ROWS = {"public.users": 10, "public.tasks": 1000}
LISTING = """;
; Selected TOC Entries:
;
10; 2606 100 CONSTRAINT public users users_pkey postgres
11; 2606 101 CONSTRAINT public tasks tasks_pkey postgres
12; 1259 102 INDEX public tasks_state_idx postgres
13; 1259 103 INDEX public tasks_payload_idx postgres
14; 2606 104 FK CONSTRAINT public tasks tasks_user_fkey postgres
15; 1259 105 INDEX public twice postgres
16; 1259 106 INDEX public twice named postgres
"""


def entry(name: str, kind: str, body: str) -> str:
    return f"--\n-- Name: {name}; Type: {kind}; Schema: public; Owner: postgres\n--\n\n{body}\n\n\n"


def key(table: str, body: str) -> str:
    return entry(
        f"{table} {table}_pkey", "CONSTRAINT",
        f"ALTER TABLE ONLY public.{table}\n    ADD CONSTRAINT {table}_pkey {body}",
    )  # fmt: skip


STATE = "CREATE INDEX tasks_state_idx ON public.tasks USING btree (state, at);"
PAYLOAD = "CREATE INDEX tasks_payload_idx ON public.tasks USING gin (payload);"
USERS = "CREATE UNIQUE INDEX users_pkey ON public.users USING btree (id);"
TASKS = "CREATE UNIQUE INDEX tasks_pkey ON public.tasks USING btree (id);"
LINES = STATE.replace("state, at", "replace(state, '\n', '')")
END = "--\n-- PostgreSQL database dump complete\n--\n"
SCRIPT = (
    "SET default_tablespace = '';\n\n"
    + key("users", "PRIMARY KEY (id);")
    + key("tasks", "PRIMARY KEY (id);")
    + entry("tasks_state_idx", "INDEX", STATE)
    + entry("tasks_payload_idx", "INDEX", PAYLOAD)
    + END
)


class Session:
    """What a server is told, in its order over all sessions."""

    def __init__(self, said: list[str]) -> None:
        self._said = said

    async def execute(self, statement: str) -> None:
        await asyncio.sleep(0)
        if not statement.strip().startswith("SET"):
            self._said.append(statement)


def test_indexes_and_keys_are_taken_and_the_rest_stays_on_the_list() -> None:
    found = builds(SCRIPT, LISTING, ROWS)
    assert [build.statement for build in found] == [
        USERS, TASKS, STATE, PAYLOAD
    ]  # fmt: skip
    assert found[0].key == (
        "ALTER TABLE ONLY public.users ADD CONSTRAINT users_pkey"
        " PRIMARY KEY USING INDEX users_pkey;"
    )
    left = without(found, LISTING).decode()
    assert [line for line in left.splitlines() if not line.startswith(";")] == [
        "14; 2606 104 FK CONSTRAINT public tasks tasks_user_fkey postgres",
        "15; 1259 105 INDEX public twice postgres",
        "16; 1259 106 INDEX public twice named postgres",
    ]


@pytest.mark.parametrize(
    "script",
    [
        SCRIPT.replace("'';", "fast;"),
        key("tasks", "PRIMARY KEY (id) DEFERRABLE;") + END,
        key("tasks", "UNIQUE (id) INCLUDE (state);") + END,
        key("tasks", "PRIMARY KEY (id);\n\nALTER TABLE public.tasks CLUSTER ON tasks_pkey;") + END,
        entry("tasks_state_idx", "INDEX", STATE.replace("tasks USING", "other USING")) + END,
        entry("tasks_state_idx", "INDEX", LINES) + END,
        entry("tasks_lost_idx", "INDEX", STATE) + END,
        entry("twice", "INDEX", STATE.replace("tasks_state_idx", "twice")) + END,
        entry("tasks_state_idx", "INDEX", STATE),
    ],
    ids=[
        "tablespace", "deferrable", "include", "cluster", "no table", "lines", "unlisted", "space",
        "cut",
    ],
)  # fmt: skip
def test_what_is_not_wholly_understood_is_left_to_pg_restore(script: str) -> None:
    assert builds(script, LISTING, ROWS) == []


@pytest.mark.parametrize("hands", [1, 2, 5])
async def test_the_longest_comes_first_and_constraints_when_all_are_built(hands: int) -> None:
    said: list[str] = []
    sessions: list[Any] = [Session(said) for _ in range(hands)]
    found = builds(SCRIPT, LISTING, ROWS)
    await build(found, sessions)
    assert said == [PAYLOAD, STATE, TASKS, USERS, found[0].key, found[1].key]


async def test_what_cannot_be_built_ends_all() -> None:
    class Refusing(Session):
        async def execute(self, statement: str) -> None:
            if "UNIQUE" in statement:
                raise ValueError("could not create unique index")

    sessions: list[Any] = [Refusing([]), Refusing([])]
    with pytest.raises(ValueError, match="unique"):
        await build(builds(SCRIPT, LISTING, ROWS), sessions)
