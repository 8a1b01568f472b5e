"""Lines as the programs of the house really write them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ainur_tui.rules.logs.lines import Parsed, parse

NOON = datetime(2026, 11, 24, 2, 0, 5, tzinfo=UTC).timestamp()
NOW = NOON + 3600


@pytest.fixture(autouse=True)
def _this_machine_is_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def of(text: str) -> Parsed:
    return parse(text, NOW)


ZAP = (
    '{"level":"info","ts":1732412345.123,"caller":"api/server.go:142","msg":"request",'
    '"status":200,"latency":0.0123,"tags":["a",1]}'
)


def test_zap_production() -> None:
    line = of(ZAP)
    assert (line.at, line.level, line.message, line.dated) == (
        1732412345.123, "info", "request", True,
    )  # fmt: skip
    assert line.fields == {
        "caller": "api/server.go:142", "status": "200", "latency": "0.0123", "tags": '["a",1]',
    }  # fmt: skip


def test_a_stack_trace_is_folded_into_the_fields() -> None:
    line = of(r'{"level":"panic","ts":1732412345.1,"msg":"boom","stacktrace":"main()\n\ta.go:1"}')
    assert line.level == "fatal"
    assert line.message == "boom"
    assert line.fields == {"stacktrace": "main()\n\ta.go:1"}


@pytest.mark.parametrize("word", ["dpanic", "error"])
def test_zap_levels_that_are_errors(word: str) -> None:
    assert of(f'{{"level":"{word}","msg":"x"}}').level == "error"


def test_zap_development() -> None:
    line = of('2026-11-24T02:00:05.500Z\tWARN\tapi/server.go:142\tslow\ttab\t{"seconds": 2}')
    assert (line.at, line.level, line.message) == (NOON + 0.5, "warn", "slow\ttab")
    assert line.fields == {"caller": "api/server.go:142", "seconds": "2"}
    assert of("2026-11-24T04:00:05.500+0200\tERROR\ta.go:1\tfailed").at == NOON + 0.5


@pytest.mark.parametrize(
    ("status", "level"), [("200", "info"), ("302", "info"), ("404", "warn"), ("503", "error")]
)
def test_a_gin_line_has_the_level_of_its_status(status: str, level: str) -> None:
    line = of(
        f"[GIN] 2026/11/24 - 02:00:05 | {status} |   12.345ms |       10.0.0.1 | GET      "
        '"/v1/agents"'
    )
    assert (line.at, line.level) == (NOON, level)
    assert line.message == f"GET /v1/agents {status} 12.345ms"
    assert line.fields["client"] == "10.0.0.1"


def test_a_gin_line_in_colour_is_the_same() -> None:
    line = of(
        "[GIN] 2026/11/24 - 02:00:05 |\x1b[97;42m 200 \x1b[0m| 1ms | ::1 |\x1b[97;44m GET "
        '\x1b[0m "/health"'
    )
    assert (line.level, line.message) == ("info", "GET /health 200 1ms")
    assert of('[GIN-debug] [WARNING] Running in "debug" mode').level == "warn"
    assert of("[GIN-debug] GET /health --> main.health (3 handlers)").level == "debug"


@pytest.mark.parametrize(
    "message",
    [
        "💤 Idle (8 peers), best: #1234 (0xabcd…ef01), finalized #1231 (0x…), ⬇ 1.2kiB/s",
        "⚙️  Syncing 12.3 bps, target=#2000 (8 peers), best: #3 (0x…)",
        "🏆 Imported #1235 (0x… → 0x…)",
        "Imported #1235 (0xabcd…ef01)",
        "Idle (8 peers), best: #1234 (0xabcd…ef01)",
    ],
)
def test_a_substrate_line_tells_its_time_and_message(message: str) -> None:
    line = of(f"2026-11-24 02:00:05 {message}")
    assert (line.at, line.level, line.message) == (NOON, "info", message)


def test_substrate_warnings_have_a_target() -> None:
    line = of("2026-11-24 02:00:05.250  WARN tokio-runtime-worker sync: 💔 Error importing block")
    assert (line.at, line.level) == (NOON + 0.25, "warn")
    assert line.message == "💔 Error importing block"
    assert line.fields == {"thread": "tokio-runtime-worker", "target": "sync"}
    assert of("2026-11-24 02:00:05 ERROR grandpa: lost").fields == {"target": "grandpa"}


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("LOG", "info"), ("NOTICE", "info"), ("WARNING", "warn"), ("ERROR", "error"),
        ("FATAL", "fatal"), ("PANIC", "fatal"), ("DEBUG2", "debug"), ("DETAIL", None),
        ("STATEMENT", None),
    ],
)  # fmt: skip
def test_postgres_stderr(word: str, level: str | None) -> None:
    line = of(f'2026-11-24 02:00:05.123 UTC [77] api@ainur {word}:  relation "x" is gone')
    assert (line.at, line.level) == (NOON + 0.123, level)
    assert line.message == 'relation "x" is gone'
    assert line.fields.items() >= {"pid": "77", "user": "api", "db": "ainur"}.items()


def test_a_postgres_statement_begins_with_its_words() -> None:
    folded = "2026-11-24 02:00:05.123 UTC [77] a@b STATEMENT:  \n\tUPDATE t SET x = 1\n\tWHERE y"
    line = of(folded)
    assert line.message == "UPDATE t SET x = 1\n\tWHERE y"
    assert line.fields["part"] == "statement"


def test_postgres_background_and_zones() -> None:
    line = of("2026-11-24 03:00:05.000 +01 [77] LOG:  checkpoint starting: time")
    assert (line.at, line.level, line.fields) == (NOON, "info", {"pid": "77"})
    unknown = of("2026-11-24 03:00:05.000 CET [77] LOG:  checkpoint starting: time")
    assert (unknown.at, unknown.dated, unknown.level) == (NOW, False, "info")


def test_a_postgres_csv_line_keeps_query_and_application() -> None:
    line = of(
        '2026-11-24 02:00:05.123 UTC,"api","ainur",77,"127.0.0.1:5",65a,3,"SELECT",'
        '2026-11-24 01:00:00 UTC,3/4,0,ERROR,42P01,"relation ""x"" does not exist",,,,,,'
        '"select * from x",15,,"psql","client backend",,0'
    )
    assert (line.at, line.level) == (NOON + 0.123, "error")
    assert line.message == 'relation "x" does not exist'
    assert line.fields["query"] == "select * from x"
    assert line.fields["app"] == "psql"


def test_a_postgres_json_line_is_taken_apart() -> None:
    line = of(
        '{"timestamp":"2026-11-24 02:00:05.123 UTC","user":"api","pid":77,'
        '"error_severity":"FATAL","message":"sorry, too many clients already"}'
    )
    assert (line.at, line.level) == (NOON + 0.123, "fatal")
    assert line.message == "sorry, too many clients already"
    assert line.fields == {"user": "api", "pid": "77"}


def test_slog_and_logfmt() -> None:
    line = of('{"time":"2026-11-24T02:00:05.5Z","level":"WARN+2","msg":"x","a":{"b":1}}')
    assert (line.at, line.level, line.message, line.fields) == (
        NOON + 0.5, "warn", "x", {"a": '{"b":1}'},
    )  # fmt: skip
    line = of(r'time=2026-11-24T02:00:05Z level=ERROR msg="a \"b\" c" path=/x n=3')
    assert (line.at, line.level, line.message) == (NOON, "error", 'a "b" c')
    assert line.fields == {"path": "/x", "n": "3"}


def test_syslog_of_every_kind_is_taken_apart() -> None:
    line = of("Nov 24 02:00:05 box sshd[12]: error: kex failed")
    assert (line.at, line.level, line.fields["program"]) == (NOON, "error", "sshd")
    assert of("<11>Nov 24 02:00:05 box app: x").level == "error"
    line = of('<165>1 2026-11-24T02:00:05.003Z box app 12 ID47 [a@1 b="c"] said')
    assert (line.at, line.level, line.message) == (NOON + 0.003, "info", "said")
    line = of("2026-11-24T02:00:05+0000 box systemd[1]: Started ainur-node")
    assert (line.at, line.message) == (NOON, "Started ainur-node")


def test_a_year_is_the_one_that_fits() -> None:
    new_year = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp()
    assert parse("Dec 31 23:59:59 box app: x", new_year).at == new_year - 2


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("ERROR: out of memory", "error"), ("[WARN] slow", "warn"), ("panic: nil map", "fatal"),
        ("INFO starting", "info"), ("Error handling is fine", None), ("information desk", None),
        ("hello", None), ("", None), ("2026-11-24 02:00:05 [ERROR] x", "error"),
        ("2026/11/24 02:00:05 listening", None), ("2026-11-24T02:00:05Z INFO x", "info"),
        ("2026-11-24 02:00:05 something else", None),
    ],
)  # fmt: skip
def test_plain_lines_guess_only_from_a_leading_word(text: str, level: str | None) -> None:
    assert of(text).level == level


@pytest.mark.parametrize(
    "stamp", ["1e308", "-5", "true", '"yesterday"', "null", "0", "9e18", '"2026-13-45T00:00:00Z"']
)
def test_times_that_are_none_keep_ours(stamp: str) -> None:
    line = of(f'{{"level":"info","ts":{stamp},"msg":"x"}}')
    assert line.message == "x"
    assert line.at == NOW


def test_milliseconds_are_seen_as_such() -> None:
    assert of('{"ts":1732412345123,"msg":"x"}').at == 1732412345.123


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        "[" * 100_000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        "{}",
        '{"msg": 5}',
        "{\x00",
        "\ud800\udfff{",
        '{"msg":"\ud800"}',
        "1" * 100_000,
        "2026-11-24 02:00:05",
        "<999>1 - - - - - -",
        "[GIN] " + " " * 60_000,
        "a=" * 40_000 + "level=x",
        'level="' * 20_000,
        "N" * 70_000,
        '2026-11-24 02:00:05 UTC,"' + "," * 50_000,
        "2026-11-24 02:00:05 WARN " + "x" * 60_000,
        "2026-11-24T02:00:05Z\tINFO\t\t\t{",
        '{"level":["x"],"msg":{},"ts":[1]}',
        "0001-01-01 00:00:00 x",
    ],
)
def test_garbage_is_a_line_too(text: str) -> None:
    began = time.process_time()
    line = of(text)
    assert isinstance(line.message, str)
    assert time.process_time() - began < 3


@settings(max_examples=300)
@given(
    st.sampled_from(
        ["", "{", "[GIN] ", "2026-11-24 02:00:05 ", "<13>", "Nov 24 02:00:05 ", "level=info "]
    ),
    st.text(st.characters(), max_size=80),
)
def test_nothing_raises(head: str, rest: str) -> None:
    line = of(head + rest)
    assert line.level in {None, "debug", "info", "warn", "error", "fatal"}
    assert 0 <= line.at < 4.2e9
    assert all(isinstance(value, str) for value in line.fields.values())


def _rate(text: str) -> float:
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        for _ in range(3000):
            parse(text, NOW)
        best = max(best, 3000 / (time.process_time() - began))
    return best


def test_it_is_fast_enough_for_a_flood() -> None:
    assert _rate("just some words of a plain line, nothing to see") > 100_000
    assert _rate(ZAP) > 40_000
