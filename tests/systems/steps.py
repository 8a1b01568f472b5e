"""What the tests of actions share: a world without anybody, and a step's context."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ainur_tui.config.types import SecretSource
from ainur_tui.model.board import BoardView, Trust
from ainur_tui.model.secret import Secret
from ainur_tui.systems.acting import World
from ainur_tui.systems.base import Clock
from tests.systems.web import RealClock

WORLD = World(
    BoardView(
        environment="t", at=0, state="up", since=None, trust=Trust(fresh=0, all=0), targets=[]
    ),
    lambda _: [],
)


def no_secret(source: SecretSource) -> Secret:
    raise AssertionError(source)


@dataclass
class Step:
    """A ``StepContext`` that keeps what it is told."""

    clock: Clock = field(default_factory=RealClock)
    run_id: str = "r"
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    def progress(self, detail: str) -> None:
        self.told.append(detail)

    def keep(self, **result: Any) -> None:
        self.kept |= result

    async def word(self, wanted: str, lines: Sequence[str]) -> str:
        raise AssertionError(wanted)

    async def until(
        self, condition: Callable[[], Awaitable[str | None]], deadline: float, every: float = 0.5
    ) -> str:
        async with asyncio.timeout(deadline):
            while not (found := await condition()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return found
