"""Playbooks: what to look at, what to do, and what must be observed after it, as data.

A playbook is one TOML file. Its steps are worked through from the first to the last; a step may
only lead forward, so that every playbook ends.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ainur_tui.model.event import EventKind
from ainur_tui.model.signal import Verdict
from ainur_tui.model.target import State

PlaybookStepState = Literal[
    "waiting", "looking", "deciding", "ordered", "acting", "proving", "stuck",
    "passed", "failed", "skipped", "not needed",
]  # fmt: skip
"""deciding: a person decides; ordered: the engine was told to act and has not said that it began;
proving: it was done, and is looked for in the world; stuck: it failed, and a person decides."""
PlaybookState = Literal["running", "verified", "failed", "aborted", "not needed"]

OVER: frozenset[str] = frozenset({"passed", "failed", "skipped", "not needed"})
"""Of a step: nothing more becomes of it."""


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is to be observed: a signal beyond or within a number (in the signal's unit)
    or with one of some verdicts, the number of a table's rows, the state of a target, or how many
    events of a kind the playbook's target met ``within`` so many seconds before its trouble began.

    ``target`` may hold variables; without one it is whichever target has the signal.
    """

    target: str | None = None
    signal: str | None = None
    table: str | None = None
    event: EventKind | None = None
    within: float = 0.0
    above: float | None = None
    below: float | None = None
    verdict: list[Verdict] = []
    state: list[State] = []


class LogLook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The newest lines of some sources, from the last ``seconds``; kept with the step."""

    sources: list[str]
    min_level: Literal["debug", "info", "warn", "error", "fatal"] = "error"
    seconds: float = 900.0
    lines: int = 6


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is shown live while the step is at hand."""

    signals: list[str] = []
    table: str | None = None
    logs: LogLook | None = None


class Do(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An action, with its plan and confirmation. Words in braces are variables; ``row_of`` takes
    target and parameters from the first row of a table that has some. With ``sole`` it is the
    only row that tells this parameter: which of several it is, a person must say."""

    action: str
    target: str = "{target}"
    params: dict[str, str] = {}
    row_of: str | None = None
    sole: str | None = None


class PlaybookStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step. It is needed while all of ``when`` and one of ``when_any`` hold; it has passed once
    all of ``expect`` and one of ``expect_any`` held for ``hold`` seconds, and failed after
    ``deadline`` seconds without.

    ``run`` is done by the engine, ``ask`` (a sentence) by a person outside; a step with neither
    only looks. ``then`` and ``otherwise`` are ``next``, ``end``, ``ask`` (a person decides) or
    the id of a later step; a look that fails goes on by itself, something done asks. ``proves``:
    the trouble is over once this step has passed. ``origin`` names rows of the guide.
    """

    id: str
    title: str
    why: str = ""
    origin: str = ""
    when: list[Condition] = []
    when_any: list[Condition] = []
    look: Look = Look()
    run: Do | None = None
    ask: str | None = None
    expect: list[Condition] = []
    expect_any: list[Condition] = []
    hold: float = 0.0
    deadline: float = 30.0
    passed: str = ""
    failed: str = ""
    then: str = "next"
    otherwise: str = ""
    proves: bool = False


class Fits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The troubles a playbook is for: signals of findings, and names of alert rules. ``later``:
    while one of these holds, another playbook that fits is proposed before it."""

    signals: list[str] = []
    alerts: list[str] = []
    later: list[Condition] = []


class Playbook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole playbook, about one ``target``."""

    name: str
    title: str
    summary: str
    target: str
    fits: Fits
    step: list[PlaybookStep]
    origin: str = ""


class StepRun(msgspec.Struct, frozen=True, kw_only=True):
    """One step as it stands. Times are epoch seconds.

    ``words`` say what was observed, or why it was not needed or skipped. ``since`` is the moment
    from which on an observation counts, ``held`` since when what is expected holds. ``do`` is the
    action with its variables filled, ``key`` the one it was ordered under, ``action`` the id of
    its run. ``again`` is what an engine that took over saw of an earlier observation.
    """

    id: str
    state: PlaybookStepState = "waiting"
    began: float | None = None
    ended: float | None = None
    words: str = ""
    since: float = 0.0
    held: float | None = None
    do: Do | None = None
    key: str | None = None
    action: str | None = None
    attempt: int = 0
    lines: list[str] = []
    again: str = ""


class PlaybookRun(msgspec.Struct, frozen=True, kw_only=True):
    """A playbook that was started. ``at`` is the index of the step at hand; ``why`` the trouble it
    was started for; ``incident`` the id of the one it belongs to. ``baseline`` keeps values by
    signal as they were at the start. ``taken_over`` counts engines that went on with it."""

    id: str
    book: Playbook
    target: str
    operator: str
    state: PlaybookState
    started_at: float
    steps: list[StepRun]
    at: int = 0
    why: str = ""
    message: str = ""
    finished_at: float | None = None
    incident: str | None = None
    baseline: dict[str, float] = {}
    taken_over: int = 0

    @property
    def now(self) -> StepRun:
        """The step at hand."""
        return self.steps[min(self.at, len(self.steps) - 1)]

    @property
    def step(self) -> PlaybookStep:
        """What the playbook says of it."""
        return self.book.step[min(self.at, len(self.steps) - 1)]


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A playbook that fits what is wrong now, and why. ``since`` is epoch seconds."""

    playbook: str
    title: str
    target: str
    why: str
    since: float | None = None
    severity: str | None = None
