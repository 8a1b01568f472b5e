"""Consoles over an engine that answers from a table, and their keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from ainur_tui.client.errors import CallError
from ainur_tui.console.app import AinurApp
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.action import ActionSpec, Param, Plan, Run, StepRecord
from ainur_tui.model.board import BoardView
from ainur_tui.model.log import LogLine
from ainur_tui.model.logquery import LogCounts, LogPage, LogQuery
from ainur_tui.model.wire import PROTOCOL, Hello, Welcome
from tests.console import worlds

HOSTILE = "[/] [@click=app.leave]OK[/] [red]x"


def plan(action: str, target: str, risk: str, **more: Any) -> Plan:
    return Plan(action=action, target=target, risk=risk, steps=["one", "two"],  # type: ignore[arg-type]
                affects=["frontend"], before={"n": 1},
                expected_seconds=12.0, title=f"{action} {target}", **more)  # fmt: skip


def record(number: int) -> LogLine:
    return LogLine(
        seq=number, at=worlds.NOW + number, source="api", message=f"{HOSTILE} {number}",
        level="error" if number % 50 == 0 else "info",
    )  # fmt: skip


class Engine:
    """Answers calls; keeps what was asked."""

    def __init__(self, app: AinurApp, view: BoardView) -> None:
        self.app = app
        self.view = view
        self.calls: list[tuple[str, Any]] = []
        self.looked: list[tuple[list[str], LogQuery | None]] = []
        self.risk = "R2"
        self.refusal: str | None = None
        self.more: dict[str, Any] = {}
        self.answers: dict[str, Any] = {
            "presence": None, "runs": [], "break-glass": None,
            "logs.counts": LogCounts(start=worlds.NOW - 3600, step=60),
        }  # fmt: skip

    async def run(self) -> None:
        self.app.store.linked(
            Welcome(protocol=PROTOCOL, version="0", environment="demo", color="cyan",
                    access="operate", operator="mira", pid=1, stay=True, config="", started_at=0.0)
        )  # fmt: skip
        self.app.store.board(self.view)
        await asyncio.Event().wait()

    async def call(self, method: str, params: Any = None, *, timeout: float = 10.0) -> Any:
        self.calls.append((method, params))
        if method in self.answers:
            return self.answers[method]
        match method:
            case "actions":
                return [
                    ActionSpec(name="restart", targets=["api", "api/machine", "db"], risk="R2",
                               summary="rolling, one machine at a time"),
                    ActionSpec(name="scale", targets=["api"], risk="R2", summary="more or fewer",
                               params=[Param(name="count", type="int", help="how many")]),
                ]  # fmt: skip
            case "history":
                return [worlds.series(target, name) for target, name in params.wanted]
            case "logs":
                return LogPage(lines=[record(number) for number in range(1, 121)])
            case "plan":
                return plan(params.action, params.target, self.risk, **self.more)
            case "run":
                if self.refusal:
                    raise CallError(75, self.refusal)
                return Run(id="r1", plan=plan(params.action, params.target, self.risk),
                           operator="mira", state="running", started_at=worlds.NOW, message="",
                           steps=[StepRecord(name="one", state="running")])  # fmt: skip
        raise AssertionError(method)

    def asked(self, method: str) -> list[Any]:
        return [params for called, params in self.calls if called == method]

    async def look_at(self, tables: list[str], logs: LogQuery | None) -> None:
        self.looked.append((tables, logs))


@asynccontextmanager
async def running(
    view: BoardView | None = None, size: tuple[int, int] = (120, 36), *, read_only: bool = False
) -> AsyncIterator[tuple[AinurApp, Engine, Pilot[None]]]:
    hello = Hello(protocol=PROTOCOL, version="0", access="operate", operator="mira")
    app = AinurApp(socket=Path("unused"), hello=hello, environment="demo", read_only=read_only)
    engine = Engine(app, view or worlds.well())
    app.session = engine  # type: ignore[assignment]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, engine, pilot
    if app.crash is not None:
        raise app.crash


def shown(app: AinurApp) -> str:
    app.redraw()
    return "\n".join(view.text for view in app.screen.query(LinesView) if view.size.width)


async def until(pilot: Pilot[None], condition: Any) -> None:
    for _ in range(400):
        if condition():
            return
        await pilot.pause(0.005)
    raise AssertionError("the condition never held")
