"""What a system can do: an action plans, steps, and reads from the world what came of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.model.board import BoardView
from ainur_tui.model.failure import Refused
from ainur_tui.model.secret import Secret
from ainur_tui.systems.base import Clock

Policy = Literal["abort", "finish"]


class StepContext(Protocol):
    """What a running step may use."""

    run_id: str
    clock: Clock
    secrets: Mapping[str, Secret]
    """Values of parameters of type ``secret``, by name; only the process that took them has them,
    so a run that is recovered after a crash has none."""

    def progress(self, detail: str) -> None:
        """Tell how far the step is; shown live. Cleaned and redacted by the executor."""

    async def until(
        self, condition: Callable[[], Awaitable[str | None]], deadline: float, every: float = 0.5
    ) -> str:
        """Wait until ``condition`` returns a sentence (what was observed); raises
        :class:`~ainur_tui.model.failure.ActionFailure` with the last reason at ``deadline``."""

    async def word(self, wanted: str, lines: Sequence[str]) -> str:
        """Wait until somebody who has read ``lines`` gives the word, unless it was given ahead;
        says who gave it. The step has to be one that may be broken off."""

    def keep(self, **result: Any) -> None:
        """Add facts to the run's ``result`` (a backup's row, a new machine's id)."""


@dataclass(frozen=True)
class Step:
    """One step: its name as the plan shows it, its work, what happens when a stop is asked for
    in the middle, and how it is taken back when a later one fails. After ``limit`` seconds it is
    cut short, whatever its policy: nothing runs for ever."""

    name: str
    work: Callable[[StepContext], Awaitable[str]]
    policy: Policy = "finish"
    undo: Callable[[], Awaitable[None]] | None = None
    limit: float = 900.0


@dataclass(frozen=True)
class Observation:
    """A post-condition as read from the world: ``verified``, ``failed``, or ``unknown``.

    ``by`` says what was looked at ("GET /health answered 200 on 2 of 2 machines").
    """

    state: Literal["verified", "failed", "unknown"]
    by: str
    final: bool = False
    """Whether no later look will show anything else, so that nobody waits for one."""


@dataclass(frozen=True)
class World:
    """What a plan may look at: the board as judged now, and who needs whom.

    ``dependants(target)`` are those affected when the target is not there, nearest first.
    ``usual_seconds`` is the median of past runs of this action on this target, or ``None``.
    """

    board: BoardView
    dependants: Callable[[str], list[str]]
    usual_seconds: float | None = None


class AlreadySo(Refused):
    """Refused because nothing is left to do: the world is so already."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 69)


class Action(ABC):
    """One entry of the catalogue. Plans are data: ``steps`` and ``observe`` are rebuilt from a
    stored plan after a crash, so they may rest on nothing else."""

    spec: ActionSpec

    def unavailable(self) -> str | None:
        """The sentence why this action cannot be used here, or ``None``."""
        return None

    @abstractmethod
    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        """Read the facts and say exactly what would be done.

        ``params`` are some of those that ``spec`` declares. Raises
        :class:`~ainur_tui.model.failure.Refused` for values that make no sense.
        """

    @abstractmethod
    def steps(self, plan: Plan) -> list[Step]: ...

    @abstractmethod
    async def observe(self, plan: Plan) -> Observation:
        """Read the post-condition from the world now."""

    async def leftovers(self, plan: Plan) -> Sequence[Undo]:
        """Read what a run of the plan that was not verified left in the way of the service (a
        machine out of routing), as actions that put it right."""
        return ()

    verify_within: float = 60.0
    """Seconds until the post-condition must hold."""
