"""What the screens say: the well, the troubled, the lost; wide, narrow, tiny; in both sets."""

from __future__ import annotations

import pytest

from ainur_tui.console.draw import frame, overview, target, whoneeds
from ainur_tui.console.draw.glyphs import ASCII, UNICODE, Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import Line, width
from ainur_tui.console.draw.values import signal_lines, vital_row
from tests.console import worlds


def text(lines: list[Line]) -> str:
    return "\n".join("".join(part for part, _ in drawn) for drawn in lines)


def everything(scene: Scene, columns: int) -> list[Line]:
    """Every pure drawing of the screens at one width."""
    lines = [frame.header(scene, columns), frame.tabs([("1", "Overview")], "Overview", columns)]
    for drawn in (overview.wrong, overview.vitals, overview.changed, overview.following,
                  whoneeds.needs, frame.tiny):  # fmt: skip
        lines += drawn(scene, columns, 12)
    lines.append(whoneeds.compact_needs(scene, columns))
    lines += target.banner(["api", "nothing"], scene, columns, 4)
    lines += target.signal_chart("api", "api.requests.rate", scene, columns, 8)
    return lines


SCENES = {
    "well": worlds.scene(worlds.well()),
    "trouble": worlds.scene(worlds.trouble()),
    "connecting": worlds.scene(),
    "lost": worlds.scene(worlds.well(), lost="the engine ended"),
}


@pytest.mark.parametrize("columns", [48, 60, 80, 120, 200])
@pytest.mark.parametrize("name", SCENES)
def test_nothing_overflows(name: str, columns: int) -> None:
    for drawn in everything(SCENES[name], columns):
        assert width(drawn) <= columns, text([drawn])


@pytest.mark.parametrize("name", SCENES)
def test_the_ascii_set_needs_nothing_else(name: str) -> None:
    import dataclasses

    scene = dataclasses.replace(SCENES[name], glyphs=ASCII)
    shown = ASCII.plain(text(everything(scene, 100)))
    assert shown.isascii()
    assert "?" not in shown.replace("? ", "")


def test_the_header_tells_state_alerts_trust_and_time() -> None:
    shown = text([frame.header(SCENES["trouble"], 120)])
    for word in ("Ainur", "demo", "✖ DOWN", "4m", "trust 31/42", "0 alerts", "mira"):
        assert word in shown
    assert "● up" in text([frame.header(SCENES["well"], 80)])
    assert text([frame.clock_line(SCENES["well"])]).strip() == "06:00:01 UTC"


def test_without_an_engine_nothing_is_green() -> None:
    scene = SCENES["lost"]
    assert frame.overall(scene) == "unknown"
    drawn = everything(scene, 120)
    assert not [part for row in drawn for part, tone in row if tone == "ok"]
    assert "nothing is judged" in text(overview.wrong(scene, 100, 10))
    assert "stale" in text(overview.vitals(scene, 60, 13))


def test_the_cause_comes_first_and_its_symptoms_below_it() -> None:
    lines = text(overview.wrong(SCENES["trouble"], 90, 10)).splitlines()
    assert "3 found" in lines[0]
    assert "db" in lines[1]
    assert "P1" in lines[1]
    assert lines[2].lstrip().startswith("└ api")
    assert lines[3].lstrip().startswith("└ frontend")


def test_what_changed_before_is_told_against_the_trouble() -> None:
    shown = text(overview.changed(SCENES["trouble"], 80, 6))
    assert "node restarted" in shown
    assert "before" in shown


def test_who_needs_whom_is_a_tree_with_words() -> None:
    shown = text(whoneeds.needs(SCENES["trouble"], 80, 12))
    assert "└ ✖ api down 2/2" in shown
    assert "├ ✖ db down" in shown
    assert "● storage" in shown


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_each_state_reads_without_colour(glyphs: Glyphs) -> None:
    assert len(set(glyphs.state.values())) == len(glyphs.state)


def test_one_line_that_matters() -> None:
    shown = text(frame.tiny(SCENES["trouble"], 20, 5)).splitlines()
    assert shown[0] == "✖ down 4m"
    assert shown[1] == "db: nothing listens"
    assert all(width(row) <= 20 for scene in SCENES.values() for row in frame.tiny(scene, 20, 5))


def test_a_value_carries_unit_source_statistic_and_age() -> None:
    view = worlds.well()
    signal = view.signal("api", "api.latency.p95")
    assert signal is not None
    shown = text(signal_lines(signal, worlds.scene(view), 60))
    for word in ("41 ms", "over 100 ms", "last", "2s old", "test", "UTC"):
        assert word in shown


def test_a_stale_value_never_looks_fresh() -> None:
    stale = worlds.signal("x", 3.0, "count", quality="stale", age=40, verdict="ok")
    view = worlds.well()
    view.targets.append(worlds.target("t", "up", "", [stale]))
    row = vital_row(("x", "t", "x"), worlds.scene(view), 60)
    assert "stale, 41s old" in text([row])
    assert {tone for part, tone in row if part.strip()} == {"text", "quiet"}


def test_not_configured_says_what_to_add() -> None:
    view = worlds.well()
    view.not_configured["node"] = "add [environment.demo.node] with rpc"
    view.targets[:] = [t for t in view.targets if t.name != "node"]
    shown = text(target.banner(["node"], worlds.scene(view), 90, 3))
    assert "not configured" in shown
    assert "[environment.demo.node]" in shown


def test_what_was_done_is_told_before_what_came_of_it() -> None:
    import dataclasses

    import msgspec

    from ainur_tui.model.event import Event

    view = worlds.trouble()
    states = [Event(key=f"s{n}", at=worlds.NOW - n, kind="state", target="db", text=f"state {n}")
              for n in range(9)]  # fmt: skip
    done = Event(key="d", at=worlds.NOW - 600, kind="deploy", target="api", text="deploy of v9")
    old = Event(key="o", at=worlds.NOW - 86400, kind="deploy", target="api", text="deploy of v1")
    events = [*states, done, old]
    scene = dataclasses.replace(
        SCENES["trouble"], view=msgspec.structs.replace(view, events=events), now=worlds.NOW
    )
    shown = text(overview.changed(scene, 80, 4))
    assert shown.index("state 1") < shown.index("deploy of v9")
    assert "v1" not in shown


def test_help_is_read_whole_however_narrow() -> None:
    from textual.binding import ActiveBinding, Binding
    from textual.widget import Widget

    from ainur_tui.console.draw.help import help_lines

    about = "all of a record; there Enter follows a value everywhere, + and - keep or drop it"
    binding = Binding("enter", "open", "Detail", id="x", tooltip=about)
    drawn = help_lines([ActiveBinding(Widget(), binding, enabled=True)], [], 50)
    assert max(width(row) for row in drawn[:4]) <= 50
    assert about in " ".join(text(drawn).split())


def test_a_step_that_runs_and_one_that_ended_are_named_whole() -> None:
    from ainur_tui.console.draw.runs import run_lines
    from ainur_tui.model.action import Run, StepRecord
    from tests.console.consoles import plan

    name = "restore ainur_backup_20261130_100841 into the new database ainur_recovery_20261130"
    steps = [StepRecord(name=name, state="running", started_at=1.0)]
    run = Run(id="r", plan=plan("recover", "db", "R3"), operator="mira", state="running",
              started_at=1.0, steps=steps, message="")  # fmt: skip
    for state in ("running", "verified"):
        going = Run(**{f: getattr(run, f) for f in run.__struct_fields__} | {"state": state})
        drawn = run_lines(going, 3.0, 60, UNICODE)
        assert name in " ".join(text(drawn).replace("2.0 s", "").split())
        assert max(map(width, drawn)) <= 60
