"""Notifications of the desktop: the exact bytes, one for each new cause, and no way to steer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from ainur_tui.console.desktop import AT_ONCE, Desktop, sequence, through
from ainur_tui.console.draw.glyphs import ASCII
from ainur_tui.console.draw.scene import Scene
from ainur_tui.model.alert import Ack, Alert
from tests.console import worlds

NOW = worlds.NOW
DOWN = Alert(name="ApiDown", target="api", state="firing", severity="P1", since=NOW - 9,
             summary="api is down; for all")  # fmt: skip
XTERM = {"TERM": "xterm-256color"}


def scene(*alerts: Alert, **more: Any) -> Scene:
    made = worlds.scene(msgspec.structs.replace(worlds.well(), alerts=list(alerts)))
    return anew(made, environment="production", **more)


def anew(made: Scene, **more: Any) -> Scene:
    """Scenes are dataclasses with cached parts: a new one each time."""
    fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
    return Scene(**(fields | more))


def told(kind: Any, *scenes: Scene, environ: dict[str, str] | None = None) -> list[str]:
    written: list[str] = []
    desktop = Desktop(kind, XTERM if environ is None else environ)
    for one in scenes:
        desktop.tell(one, written.append)
    return written


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("osc9", "\x1b]9;Ainur production P1: ApiDown on api: api is down; for all\x07"),
        ("osc777", "\x1b]777;notify;Ainur production P1;ApiDown on api: api is down, for all\x07"),
        ("osc99", "\x1b]99;i=ainur1:d=0;Ainur production P1\x1b\\"
                  "\x1b]99;i=ainur1:d=1:p=body;ApiDown on api: api is down; for all\x1b\\"),
    ],
)  # fmt: skip
def test_the_bytes_of_each_kind(kind: Any, written: str) -> None:
    assert told(kind, scene(), scene(DOWN), scene(DOWN)) == [written]


def test_once_for_each_new_cause_and_never_for_what_it_drags_along() -> None:
    other = replace(DOWN, name="DbDown", target="db", summary="db is down")
    symptom = replace(DOWN, caused_by="db")
    mild = replace(DOWN, name="Slow", severity="P3")
    taken = replace(DOWN, name="Taken", ack=Ack(by="mira", comment="", at=NOW))
    again = replace(other, since=NOW)
    found = told("osc9", scene(), scene(other, symptom, mild, taken), scene(), scene(again))
    assert ["DbDown" in one for one in found] == [True, True], "it fired twice, so it is told twice"
    assert told("osc9", scene(DOWN), scene(DOWN)) == [], "what fires at the start is on the screen"
    assert told("off", scene(), scene(DOWN)) == []
    lost = scene(DOWN, lost="no engine answers")
    assert told("osc9", scene(), lost, scene(DOWN)) == told("osc9", scene(), scene(DOWN))


def test_a_storm_is_a_few_and_a_number() -> None:
    storm = [replace(DOWN, name=f"Rule{n}", target=f"t{n}") for n in range(AT_ONCE + 7)]
    found = told("osc9", scene(), scene(*storm))
    assert len(found) == AT_ONCE + 1
    assert found[-1] == "\x1b]9;Ainur production: and 7 more alerts\x07"


@pytest.mark.parametrize("kind", ["osc9", "osc777", "osc99"])
@pytest.mark.parametrize(
    "hostile", ["\x07\x1b]52;c;cm0=\x07", "\x1b\\\x1b[2J", "\x9c\x9d0;x", "a\nb\r", "\u202eb"]
)
def test_no_text_ends_it_or_begins_another(kind: Any, hostile: str) -> None:
    plain = sequence(kind, "x", "x")
    made = sequence(kind, hostile, hostile * 99)
    assert len(made) < 700
    for control in ("\x1b", "\x07", "\x9c", "\n", "\r", "\u202e"):
        assert made.count(control) == plain.count(control), control


def test_behind_tmux_and_screen() -> None:
    made = sequence("osc9", "t", "b")
    inside = "\x1bPtmux;\x1b\x1b]9;t: b\x07\x1b\\"
    assert through(made, {"TERM": "tmux-256color"}) == inside
    assert through(made, {"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}) == inside
    assert through(made, {"TERM": "screen"}) == "", "GNU screen prints what it does not know"
    assert through(made, {"TERM": "xterm", "TMUX": "x"}) == made, "a terminal begun from tmux"
    assert told("osc9", scene(), scene(DOWN), environ={"TERM": "screen"}) == []


def test_an_ascii_terminal_gets_ascii() -> None:
    made = replace(DOWN, summary="p95 ≥ 412 ms … übel")
    first, second = scene(glyphs=ASCII), scene(made, glyphs=ASCII)
    (one,) = told("osc9", first, second)
    assert one.isascii()
