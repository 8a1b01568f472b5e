"""A plan as the person deciding must see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ainur_tui.console.draw.spans import EMPTY, Line, Tone, ends, left, line, width, wrap
from ainur_tui.model.action import BreakGlass, Plan, Risk
from ainur_tui.model.facts import Change
from ainur_tui.model.units import duration

RISK: dict[Risk, str] = {
    "R0": "R0  reads only",
    "R1": "R1  reversible, the service does not notice",
    "R2": "R2  affects the service",
    "R3": "R3  downtime, or cannot be taken back",
}
RISK_TONE: dict[Risk, Tone] = {"R0": "text", "R1": "text", "R2": "warn", "R3": "fail"}


def _field(name: str, text: str, columns: int, tone: Tone = "text") -> list[Line]:
    first, *rest = wrap(text, columns - 12, 6)
    return [line((left(name, 10) + "  ", "quiet"), (first, tone)),
            *(line((" " * 12, "quiet"), (more, tone)) for more in rest)]  # fmt: skip


Hindrance = Literal["", "blocked", "reading", "old", "policy", "held"]


@dataclass(frozen=True)
class Around:
    """What the console knows around a plan. ``take_over`` is the reason for ending another's
    lease; ``changes`` what differs from the plan that was decided on before; ``undoes`` what this
    one takes back; ``beside`` who else looks at its target; ``reading`` why nothing may be run;
    ``environment`` which world it is."""

    take_over: str = ""
    changes: Sequence[Change] = ()
    undoes: str = ""
    beside: str = ""
    reading: str = ""
    environment: str = ""


@dataclass(frozen=True)
class Standing:
    """What stands between a plan and its run. ``glass`` lifts its policy, a reason the lease of
    another; nothing lifts what is impossible, and a plan that is old is read again."""

    hindrance: Hindrance = ""
    glass: BreakGlass | None = None
    around: Around = Around()

    @classmethod
    def of(
        cls, plan: Plan, glass: BreakGlass | None, around: Around, *, old: bool = False
    ) -> Standing:
        """Of a plan, here and now."""
        hindrance: Hindrance = ""
        if plan.blocked and not only_held(plan):
            hindrance = "blocked"
        elif around.reading:
            hindrance = "reading"
        elif old:
            hindrance = "old"
        elif plan.policy and glass is None:
            hindrance = "policy"
        elif plan.held is not None and not around.take_over:
            hindrance = "held"
        return cls(hindrance, glass, around)


def only_held(plan: Plan) -> bool:
    """Whether what forbids the plan is the lease of another and nothing else."""
    held = plan.held
    return held is not None and (plan.blocked or "").startswith(f"{held.holder} holds ")


def plan_title(title: str, end: Line, columns: int) -> list[Line]:
    """The title, whole even where that takes a second line, and that nothing was done yet where
    there is room for it; ``end`` stands at the right of the first."""
    room = columns - width(end) - 1
    first, *more = wrap(title, room, 2)
    start: Line = line((first, "strong"))
    yet: Line = line(("   nothing has been done yet", "quiet"))
    if not more and width(start) + width(yet) <= room:
        start += yet
    return [ends(start, end, columns), *(line((text, "strong")) for text in more)]


def plan_lines(plan: Plan, columns: int, standing: Standing | None = None) -> list[Line]:
    """What stands in the way, who is affected, what could go wrong, what will be done, and the
    way back: the first screen of a plan holds what decides."""
    standing = standing or Standing.of(plan, None, Around())
    lines = _differences(standing, columns) + _hindrances(plan, columns, standing)
    if standing.around.undoes:
        lines += _field("undoes", standing.around.undoes, columns)
    where = f" in {standing.around.environment}" if standing.around.environment else ""
    lines += _field("target", f"{plan.target}{where}", columns, "strong")
    if given := _given(plan):
        lines += _field("given", given, columns)
    lines += _field("risk", RISK[plan.risk], columns, RISK_TONE[plan.risk])
    lines += _field("affects", ", ".join(plan.affects) or "nobody", columns)
    for index, load in enumerate(_loads(plan.load)):
        lines += _field("" if index else "in use by", load, columns)
    if standing.around.beside:
        lines += _field("beside you", standing.around.beside, columns, "accent")
    for warning in plan.warnings:
        lines += _field("warning", warning, columns, "warn")
    if plan.asks:
        again = f"once more in its middle, for the name {plan.asks}: then users are moved"
        lines += _field("asks", again, columns)
    facts = [fact for fact in plan.facts if not (plan.blocked and fact.startswith(plan.blocked))]
    if plan.steps:
        lines += _field("takes", takes(plan), columns)
        way_back = plan.inverse or "none"
        lines += _field("way back", f"{way_back} (key u)" if plan.undo else way_back, columns)
    # What is and what will be decides; which machine comes after which can wait.
    lines += _listed("FACTS", [("  -  ", fact) for fact in facts], columns)
    steps = [(f"{number:>3}  ", step) for number, step in enumerate(plan.steps, 1)]
    return lines + _listed("STEPS", steps, columns)


def _listed(title: str, items: Sequence[tuple[str, str]], columns: int) -> list[Line]:
    """A heading and its items, each after its mark; nothing where there is none."""
    lines: list[Line] = [EMPTY, line((title, "title"))] if items else []
    for mark, text in items:
        first, *rest = wrap(text, columns - 5, 6)
        lines.append(line((mark, "quiet"), (first, "text")))
        lines += [line((" " * 5 + more, "text")) for more in rest]
    return lines


def _given(plan: Plan) -> str:
    """The parameters that the title does not tell already."""
    return ", ".join(
        f"{name}={value}"
        for name, value in plan.params.items()
        if value not in {"", "false"} and value not in plan.title
    )


def _loads(load: Sequence[str]) -> list[str]:
    """The target's own use in one sentence; that of the others is a sentence each already."""
    own = ", ".join(words for words in load if ": " not in words)
    return [*([own] if own else []), *(words for words in load if ": " in words)]


def takes(plan: Plan) -> str:
    """How long it takes, and how anybody knows."""
    if plan.expected_seconds is None:
        return "not known: nothing like it was done here yet"
    about = f"about {duration(plan.expected_seconds)}"
    if not plan.past_runs:
        return f"{about} at a guess: it is the first time here"
    return about + (
        ", as the one run here before" if plan.past_runs == 1
        else f", the median of {plan.past_runs} runs here"
    )  # fmt: skip


def _differences(standing: Standing, columns: int) -> list[Line]:
    """What the person saw against what is there now, as a diff."""
    if not standing.around.changes:
        return []
    lines = _field("moved", "the world changed after you looked, so nothing was done",
                   columns, "fail")  # fmt: skip
    for one in standing.around.changes:
        lines += _field("", one.name, columns)
        lines += _field("", f"- {one.was}", columns, "fail")
        lines += _field("", f"+ {one.now}", columns, "ok")
    return [*lines, EMPTY]


def _hindrances(plan: Plan, columns: int, standing: Standing) -> list[Line]:
    lines: list[Line] = []
    if standing.around.reading:
        lines += _field("read only", standing.around.reading, columns, "warn")
    if standing.hindrance == "old":
        lines += _field("old", "this plan was read a while ago; the facts may be others", columns,
                        "warn")  # fmt: skip
    if plan.blocked and not only_held(plan):
        lines += _field("refused", plan.blocked, columns, "fail")
    if plan.policy:
        lines += _field("policy", plan.policy, columns, "fail")
        glass = standing.glass
        how = "breaking the glass lifts it for 15 minutes, for everybody to see (key g)"
        if glass is not None:
            how = f"lifted: {glass.operator} broke the glass: {glass.reason}"
        lines += _field("", how, columns, "quiet" if glass is None else "warn")
    if plan.held is not None:
        held = plan.held
        words = f"by {held.holder}: {held.reason}, run {held.run}"
        lines += _field("held", words, columns, "warn")
        how = "with a reason it can be taken over (key t): that run stops at its next safe point"
        if standing.around.take_over:
            how = f"this run takes it over: {standing.around.take_over}"
        lines += _field("", how, columns, "quiet" if not standing.around.take_over else "warn")
    return lines
