"""The ring of log lines: pages by time, no line twice, bounded memory."""

from __future__ import annotations

import pytest

from ainur_tui.demo.fly.logs import FIRST_PAGE, PAGE, LogRing, level_of


def ring(**options: int) -> LogRing:
    return LogRing("sjc", clock_ns=lambda: 1_700_000_000_000_000_000, **options)


def test_pages_follow_one_another_without_gap_or_repeat() -> None:
    lines = ring()
    for number in range(0, 12_000, 3):
        lines.add("m1", [b"%d" % (number + n) for n in range(3)])
    token, got = "1", []
    while page := lines.page(token, None, None)["data"]:
        assert len(page) <= PAGE
        got += [int(entry["attributes"]["message"]) for entry in page]
        token = lines.page(token, None, None)["meta"]["next_token"]
    assert got == list(range(12_000))
    newest = lines.page(None, None, None)
    assert [int(e["attributes"]["message"]) for e in newest["data"]] == got[-FIRST_PAGE:]
    assert newest["meta"]["next_token"] == token


def test_lines_are_filtered_by_machine_and_region() -> None:
    lines = ring()
    lines.add("m1", [b"a"])
    lines.add("m2", [b"b"])
    page = lines.page("1", "m1", "sjc")
    assert [e["attributes"]["message"] for e in page["data"]] == ["a"]
    assert lines.page(page["meta"]["next_token"], "m1", None)["data"] == []
    assert lines.page("1", None, "ams")["data"] == []


@pytest.mark.parametrize("options", [{"lines": 100}, {"size": 1000}])
def test_the_oldest_lines_make_room(options: dict[str, int]) -> None:
    lines = ring(**options)
    for number in range(1000):
        lines.add("m1", [b"%010d" % number])
    assert len(lines) <= 125
    assert lines.page(None, None, None)["data"][-1]["attributes"]["message"] == "0000000999"


def test_the_level_comes_from_the_line_when_it_is_json() -> None:
    assert level_of(b'{"level":"WARN","msg":"x"}') == "warn"
    assert level_of(b'say "level":"error"') == "info"
