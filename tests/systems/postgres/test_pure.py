"""Addresses, errors, the tree of waits, SQL by version, deltas: what needs no server."""

from __future__ import annotations

import errno
import socket
import stat
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.postgres import queries
from ainur_tui.systems.postgres.dsn import is_placeholder, parse
from ainur_tui.systems.postgres.errors import failure
from ainur_tui.systems.postgres.locks import tree
from ainur_tui.systems.postgres.shown import Shown, ages
from ainur_tui.systems.postgres.statement_counts import Counters, Key, Snapshot, delta


def test_an_address_is_taken_apart_and_shows_no_password() -> None:
    found = parse(Secret("postgresql://ai%40nur:p%3Aw%5C@db.internal:5433/ain?sslmode=require"))
    assert (found.host, found.port, found.user, found.database) == (
        "db.internal", "5433", "ai@nur", "ain",
    )  # fmt: skip
    assert found.shown == "db.internal:5433/ain"
    assert "p:w" not in repr(found)


def test_the_password_is_in_a_file_that_goes_away(tmp_path: Path) -> None:
    with parse(Secret("postgresql://u:p%3Aw%5C@h/d?sslmode=require")).libpq(tmp_path) as variables:
        file = Path(variables["PGPASSFILE"])
        assert file.read_text() == "*:*:*:*:p\\:w\\\\\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert variables["PGSSLMODE"] == "require"
        assert not any("p:w" in value for value in variables.values())
    assert not file.exists()


@pytest.mark.parametrize(
    ("dsn", "host"),
    [
        ("postgresql:///d?host=/run/pg", "/run/pg"),
        ("postgres://u@[::1]:6000/d", "::1"),
        ("postgresql://a:1,b:2/d", "a,b"),
    ],
)
def test_other_shapes_of_addresses(dsn: str, host: str) -> None:
    assert parse(Secret(dsn)).host == host


def test_what_is_no_address_is_our_failure_without_the_value() -> None:
    with pytest.raises(ProbeFailure) as caught:
        parse(Secret("host=h password=canary"))
    assert caught.value.blames_us
    assert "canary" not in str(caught.value)


def test_placeholders_of_the_guide_are_recognised() -> None:
    assert is_placeholder(Secret("postgresql://ainur:strong_password@your-db-host:5432/ainur"))
    assert not is_placeholder(Secret("postgresql://ainur:x@db.internal:5432/ainur"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.TooManyConnectionsError("sorry"), "exhausted"),
        (asyncpg.InvalidPasswordError("no"), "auth"),
        (asyncpg.InsufficientPrivilegeError("no"), "forbidden"),
        (asyncpg.InvalidCatalogNameError("no"), "missing"),
        (asyncpg.CannotConnectNowError("starting up"), "unavailable"),
        (asyncpg.LockNotAvailableError("no"), "timeout"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), "refused"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1)"), "refused"),
        (socket.gaierror(-2, "no"), "dns"),
        (TimeoutError(), "timeout"),
        (OSError(errno.EHOSTUNREACH, "no"), "unreachable"),
        (ConnectionResetError(), "unavailable"),
        (asyncpg.InterfaceError("connection is closed"), "unavailable"),
        (asyncpg.exceptions.ClientConfigurationError("sslmode"), "internal"),
        (asyncpg.DivisionByZeroError("odd"), "bad answer"),
    ],
)
def test_errors_become_failures(error: Exception, kind: str) -> None:
    found = failure(error, "h:1/d", Redactor())
    assert found.kind == kind
    assert "h:1/d" in str(found)


def test_error_text_is_clean_and_redacted() -> None:
    error = asyncpg.InvalidPasswordError("\x1b[2J password=hunter22\nDETAIL")
    said = str(failure(error, "h", Redactor()))
    assert "\x1b" not in said
    assert "hunter22" not in said


def test_the_root_blocker_stands_first() -> None:
    found = tree({20: [10], 30: [20], 31: [20, 10], 50: [40]})
    assert [(b.pid, b.depth, b.waits) for b in found] == [
        (10, 0, 3), (20, 1, 2), (30, 2, 0), (31, 2, 0), (40, 0, 1), (50, 1, 0),
    ]  # fmt: skip


def test_a_deadlock_has_no_root_and_still_stands_there() -> None:
    assert [b.pid for b in tree({1: [2], 2: [1]})] == [1, 2]


@given(st.dictionaries(st.integers(1, 12), st.lists(st.integers(0, 12), min_size=1), max_size=12))
def test_every_session_stands_exactly_once(waits: dict[int, list[int]]) -> None:
    found = [branch.pid for branch in tree(waits)]
    assert len(found) == len(set(found))
    assert set(found) == {*waits, *(pid for blockers in waits.values() for pid in blockers)}


@pytest.mark.parametrize(("major", "exact"), [(13, False), (14, True), (18, True)])
def test_waits_are_exact_from_14(major: int, exact: bool) -> None:
    assert ("waitstart" in queries.waits(major)) is exact


@pytest.mark.parametrize(
    ("extension", "time", "toplevel"),
    [((1, 7), "s.total_time", False), ((1, 8), "s.total_exec_time", False),
     ((1, 9), "s.total_exec_time", True), ((1, 12), "s.total_exec_time", True)],
)  # fmt: skip
def test_statement_columns_follow_the_extension(
    extension: tuple[int, ...], time: str, toplevel: bool
) -> None:
    sql = queries.statements(extension)
    assert time in sql
    assert ("s.toplevel" in sql) is toplevel
    assert queries.has_info(extension) is toplevel


A, B, C = Key(1, 1, True), Key(2, 1, True), Key(3, 1, True)


def test_deltas_of_statements() -> None:
    before = Snapshot(0, "e", 0, {A: Counters(10, 1.0, 5), B: Counters(9, 1, 1)})
    after = Snapshot(
        1, "e", 1, {A: Counters(12, 1.5, 9), B: Counters(2, 0.1, 1), C: Counters(1, 1, 1)}
    )
    assert delta(before, after) == {
        A: Counters(2, 0.5, 4), B: Counters(2, 0.1, 1), C: Counters(1, 1, 1),
    }  # fmt: skip


def test_a_reset_is_never_a_negative_rate() -> None:
    before = Snapshot(0, "yesterday", 0, {A: Counters(10, 1.0, 5)})
    after = Snapshot(1, "today", 0, {A: Counters(11, 1.1, 5)})
    assert delta(before, after) == {A: Counters(11, 1.1, 5)}
    assert delta(after, after) == {}


def test_text_of_any_length_and_content_is_one_clean_line() -> None:
    shown = Shown(Redactor([Secret("canary-value")]))
    query = "SELECT 'canary-value',\n\t'\x1b]52;c;x\x07'" + "x" * 100_000
    text = shown.query(query)
    assert len(text) < 400
    assert "canary-value" not in text
    assert text.isprintable()
    assert "of 100040 characters" in shown.whole_query(query, 100_040)
    assert shown.query(None) == ""


def test_ages_are_never_negative_nor_invented() -> None:
    assert ages(None, -3.0) == 0.0
    assert ages(None) is None
