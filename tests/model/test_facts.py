"""What differs between two looks at the same facts."""

from __future__ import annotations

from ainur_tui.model.facts import Change, changes


def test_facts_within_facts_have_their_path() -> None:
    seen = {"machines": {"17": "started 01A", "18": "started 01B"}, "count": 2, "zones": ("a",)}
    now = {"machines": {"17": "stopped 01A", "19": "started 01C"}, "count": 2, "zones": ["a"]}
    assert changes(seen, now) == [
        Change(name="machines 17", was="started 01A", now="stopped 01A"),
        Change(name="machines 18", was="started 01B", now="not there"),
        Change(name="machines 19", was="not there", now="started 01C"),
    ]


def test_what_comes_from_outside_is_safe_to_show() -> None:
    (one,) = changes({"a\x1b[2J": "x\x07"}, {"a\x1b[2J": "y" * 1000})
    assert "\x1b" not in one.name
    assert "\x07" not in one.was
    assert len(one.now) < 220
