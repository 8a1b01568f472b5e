"""An engine that answers from a table, and a configuration on disk."""

from __future__ import annotations

import io
import types
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from ainur_tui.cli import common
from ainur_tui.cli.main import guarded
from ainur_tui.cli.output import Output
from ainur_tui.model.action import ActionSpec, Param, Plan, Run, StepRecord
from ainur_tui.model.board import BoardView, ProbeView, SignalView, TargetView, Trust

NOW = 1_795_000_000.0

Answer = Callable[[Any], Any]


class FakeEngine:
    """Answers ``call`` from ``answers`` (method → value or function of its parameters)."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.calls: list[tuple[str, Any]] = []

        self.welcome = types.SimpleNamespace(config=None)

    async def call(self, method: str, params: Any = None) -> Any:
        self.calls.append((method, params))
        answer = self.answers[method]
        if isinstance(answer, BaseException):
            raise answer
        return answer(params) if callable(answer) else answer

    async def __aenter__(self) -> FakeEngine:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        return None


class Shell:
    """The program in this process, with captured streams."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.out = ""
        self.err = ""

    def __call__(self, *words: str) -> int:
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        err = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        code = guarded(["--config", str(self.config), *words], Output(out, err))
        self.out, self.err = (s.buffer.getvalue().decode() for s in (out, err))  # type: ignore[attr-defined]
        assert "Traceback" not in self.err
        return code


def use(patch: pytest.MonkeyPatch, engine: FakeEngine | None) -> None:
    """Let every command find this engine running (``None``: none runs)."""

    async def found(*_: Any, **__: Any) -> FakeEngine | None:
        return engine

    patch.setattr(common, "running", found)
    patch.setattr(common, "is_of_this_file", lambda *_: True)
    if engine is not None:
        patch.setattr(common, "process", found)


def signal(name: str = "db.up", value: float | None = 1.0, **more: Any) -> SignalView:
    fields: dict[str, Any] = {
        "name": name, "title": name, "value": value, "unit": "bool", "statistic": "last",
        "source": "SELECT 1", "observed_at": NOW - 1, "age": 1.0, "quality": "fresh",
        "threshold": 1.0, "verdict": "ok",
    }  # fmt: skip
    return SignalView(**(fields | more))


def target(name: str, state: Any = "up", **more: Any) -> TargetView:
    fields: dict[str, Any] = {
        "name": name, "kind": name.rpartition("/")[0] or name, "title": name, "state": state,
        "since": NOW - 60, "cause": None, "summary": "all is well", "signals": [signal()],
    }  # fmt: skip
    return TargetView(**(fields | more))


def board(*targets: TargetView, **more: Any) -> BoardView:
    probe = ProbeView(name="p", target="db", interval=2.0, deadline=2.0, last_at=NOW - 1,
                      seconds=0.1, problem=None)  # fmt: skip
    fields: dict[str, Any] = {
        "environment": "demo", "at": NOW, "state": "up", "since": NOW - 60,
        "trust": Trust(fresh=3, all=4), "targets": list(targets), "probes": [probe],
    }  # fmt: skip
    return BoardView(**(fields | more))


SPECS = [
    ActionSpec(name="backup", targets=["db"], risk="R1", summary="take a backup"),
    ActionSpec(name="restart", targets=["api", "db"], risk="R3", summary="restart it"),
    ActionSpec(
        name="scale", targets=["api"], risk="R2", summary="scale it",
        params=[Param(name="count", type="int", help="how many"),
                Param(name="by", type="relative", help="more or fewer")],
    ),
]  # fmt: skip


def plan(action: str = "scale", target: str = "api", risk: Any = "R2", **more: Any) -> Plan:
    fields: dict[str, Any] = {
        "action": action, "target": target, "risk": risk, "params": {}, "steps": ["one", "two"],
        "affects": ["frontend"], "before": {"count": 2}, "goal": {}, "inverse": "scale back",
        "expected_seconds": 20.0, "title": f"{action} of {target}",
    }  # fmt: skip
    return Plan(**(fields | more))


def run(of: Plan, state: Any = "verified", **more: Any) -> Run:
    step: Any = {"verified": "done", "running": "running"}.get(state, "failed")
    fields: dict[str, Any] = {
        "id": "r1", "plan": of, "operator": "mira", "state": state, "started_at": NOW,
        "steps": [StepRecord(name=name, state=step, started_at=NOW, seconds=1.0)
                  for name in of.steps],
        "finished_at": None if state == "running" else NOW + 1, "message": "",
        "verified_by": "GET /health" if state == "verified" else None,
    }  # fmt: skip
    return Run(**(fields | more))
