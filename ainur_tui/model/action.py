"""Actions: plan → confirm → intent → steps → verify → result."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Risk = Literal["R0", "R1", "R2", "R3"]
RunState = Literal["planned", "running", "verified", "failed", "unknown", "refused"]
StepState = Literal["waiting", "running", "done", "failed", "skipped", "unknown"]

FINAL: frozenset[str] = frozenset({"verified", "failed", "unknown", "refused"})


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of an action. ``type`` is ``int``, ``str``, ``bool``, ``relative`` (±N) or
    ``secret``: a value that is typed unseen, travels apart from the others and is never kept.
    ``choices`` are the values it may have, where they are known.
    """

    name: str
    type: Literal["int", "str", "bool", "relative", "secret"]
    help: str
    required: bool = False
    default: str | None = None
    choices: list[str] = []


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """The action that takes another one back: what ``u`` offers, with the same checks."""

    action: str
    target: str
    params: dict[str, str] = {}


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue says of an action, before anything is planned.

    ``targets`` are kinds (``api``, ``api/machine``). ``reason`` says why it is not available.
    Where actions of one name differ by kind, ``about``, ``risks`` and ``takes`` (names of
    parameters) tell each kind's own.
    """

    name: str
    targets: list[str]
    risk: Risk
    summary: str
    params: list[Param] = []
    inverse: str | None = None
    available: bool = True
    reason: str | None = None
    about: dict[str, str] = {}
    risks: dict[str, Risk] = {}
    takes: dict[str, list[str]] = {}

    def asks(self, kind: str) -> list[Param]:
        """The parameters of the action on targets of this kind."""
        return [one for one in self.params if one.name in self.takes.get(kind, [one.name])]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The exact steps, what they touch, and the facts they rest on.

    ``before`` holds the facts that are read again at execution; a difference stops the run
    (S-43). ``goal`` is what the post-condition is read against, also after a crash. ``warnings``
    are sentences for the person deciding; ``blocked`` is the sentence that forbids it, ``policy``
    one that forbids it unless the glass is broken. ``undo`` is the inverse as an action, ``load``
    who uses the target at this moment, in words.
    """

    action: str
    target: str
    risk: Risk
    title: str
    steps: list[str]
    affects: list[str]
    params: dict[str, str] = {}
    before: dict[str, Any] = {}
    goal: dict[str, Any] = {}
    inverse: str | None = None
    expected_seconds: float | None = None
    warnings: list[str] = []
    facts: list[str] = []
    blocked: str | None = None
    policy: str | None = None
    undo: Undo | None = None
    load: list[str] = []
    held: Lease | None = None
    """Another's lease on the target; ``blocked`` says so too, unless the plan forbids itself.
    A run with ``take_over`` and a reason goes ahead."""
    asks: str | None = None
    """A word that the run asks for once more in its middle, before users are moved; a call may give
    it ahead."""
    past_runs: int = 0
    """How many verified runs of this system ``expected_seconds`` is the median of; 0: no such run
    yet, so that it is a guess."""


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a run, as it stands. ``policy`` says what becomes of it when the run is to stop
    in its middle: it is broken off (``abort``), or finished first."""

    name: str
    state: StepState
    started_at: float | None = None
    seconds: float | None = None
    detail: str = ""
    policy: Literal["abort", "finish"] = "finish"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a run waits for in its middle: ``word`` is to be typed by whoever has read ``lines``.
    ``since`` is epoch seconds."""

    word: str
    lines: list[str]
    since: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """An action that was begun (or refused). Times are epoch seconds."""

    id: str
    plan: Plan
    operator: str
    state: RunState
    started_at: float
    steps: list[StepRecord]
    message: str
    finished_at: float | None = None
    verified_by: str | None = None
    result: dict[str, Any] = {}
    asking: Question | None = None
    waited: float = 0.0
    """Seconds in which it stood still for a word: people's time, not its own."""
    mends: list[Undo] = []
    """What it left in the way when it broke off, as actions that put it right: offered, with a
    plan of their own, and never done by itself."""


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """An operator at another console: where they look, what they have selected."""

    operator: str
    tty: str
    since: float
    tab: str = ""
    target: str | None = None
    here: bool = False
    """Whether this is the client that is told."""


class BreakGlass(msgspec.Struct, frozen=True, kw_only=True):
    """Policies are lifted for a while; everybody sees it, the journal has it (S-49)."""

    operator: str
    reason: str
    until: float


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to act on a target now."""

    target: str
    holder: str
    reason: str
    expires_at: float
    run: str
