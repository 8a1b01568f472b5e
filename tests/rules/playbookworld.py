"""A made-up playbook on made-up boards."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.model.action import Plan, Run
from ainur_tui.model.board import BoardView, SignalView, TargetView, Trust
from ainur_tui.model.playbook import PlaybookRun, StepRun
from ainur_tui.model.signal import Quality, Verdict
from ainur_tui.model.target import State
from ainur_tui.rules.playbooks.file import parse
from ainur_tui.rules.playbooks.playbooks import World, advance, begin

T = 1_795_500_000.0


BOOK = """
name = "b"
title = "B"
summary = "s"
target = "api"
fits = { signals = ["api.up"] }
[[step]]
id = "confirm"
title = "Confirm"
expect = [{ signal = "api.up", below = 1 }]
deadline = 10
otherwise = "end"
[[step]]
id = "restart"
title = "Restart"
when = [{ signal = "api.up", below = 1 }]
run = { action = "restart", target = "{part}" }
expect = [{ signal = "api.up", above = 0 }]
deadline = 20
then = "verify"
[[step]]
id = "rollback"
title = "Roll back"
run = { action = "rollback" }
[[step]]
id = "verify"
title = "Verify"
expect = [{ signal = "api.up", above = 0 }, { signal = "api.p95", verdict = ["ok"] }]
hold = 4
deadline = 30
then = "end"
proves = true
"""


def view(
    name: str, value: float | None, *, at: float = T, verdict: Verdict = "none",
    quality: Quality = "fresh", unit: str = "",
) -> SignalView:  # fmt: skip
    return SignalView(
        name=name, title=name, value=value, unit=unit, statistic="last", source="t",
        observed_at=at, age=0.0, quality=quality, threshold=None, verdict=verdict,
    )  # fmt: skip


def target(name: str, *signals: SignalView, state: State = "up", **more: object) -> TargetView:
    fields = {"kind": name, "title": name, "since": T, "cause": None, "summary": "well"} | more
    return TargetView(name=name, state=state, signals=list(signals), **fields)  # type: ignore[arg-type]


def board(up: float | None, *, at: float = T, p95: Verdict = "ok", **more: object) -> BoardView:
    part: State = "down" if not up else "up"
    return BoardView(
        environment="t", at=at, state="up", since=None, trust=Trust(fresh=1, all=1),
        targets=[
            target("api", view("api.up", up, at=at, unit="bool"),
                   view("api.p95", 0.1 if p95 == "ok" else 0.9, at=at, verdict=p95, unit="s")),
            target("api/machine/a", state=part, parent="api"),
        ], **more,  # type: ignore[arg-type]
    )  # fmt: skip


def acted(state: str = "verified", finished: float | None = T + 20) -> Run:
    plan = Plan(
        action="restart", target="api/machine/a", risk="R2", steps=["s"], affects=[],
        title="Restart a",
    )  # fmt: skip
    return Run(
        id="r1", plan=plan, operator="mira", state=state, started_at=T, steps=[],  # type: ignore[arg-type]
        message="it answers", finished_at=finished,
    )  # fmt: skip


def world(seen: BoardView, run: Run | None = None) -> World:
    return World(seen, lambda _: run, lambda _: run)


def started(text: str = BOOK, seen: BoardView | None = None) -> PlaybookRun:
    book = parse(text)
    run = PlaybookRun(
        id="x", book=book, target=book.target, operator="mira", state="running", started_at=T,
        steps=[StepRun(id=step.id) for step in book.step],
    )  # fmt: skip
    return begin(run, seen or board(0))


def acting() -> PlaybookRun:
    """The restart was ordered and begun."""
    run = advance(started(), world(board(0)), T)
    steps = [*run.steps]
    steps[1] = replace(steps[1], state="acting", action="r1", key="k")
    return replace(run, steps=steps)
