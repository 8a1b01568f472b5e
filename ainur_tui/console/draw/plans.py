"""A plan as the person deciding must see it, and a run as it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import EMPTY, Line, Tone, left, line, wrap
from ainur_tui.model.action import FINAL, BreakGlass, Plan, Risk, Run, StepState
from ainur_tui.model.units import duration

RISK: dict[Risk, str] = {
    "R0": "R0  reads only",
    "R1": "R1  reversible, the service does not notice",
    "R2": "R2  affects the service",
    "R3": "R3  downtime, or cannot be taken back",
}
RISK_TONE: dict[Risk, Tone] = {"R0": "text", "R1": "text", "R2": "warn", "R3": "fail"}
STEP_TONE: dict[StepState, Tone] = {
    "waiting": "quiet", "running": "accent", "done": "ok", "failed": "fail", "skipped": "quiet",
    "unknown": "unknown",
}  # fmt: skip


def _field(name: str, text: str, columns: int, tone: Tone = "text") -> list[Line]:
    first, *rest = wrap(text, columns - 12, 6)
    return [line((left(name, 10) + "  ", "quiet"), (first, tone)),
            *(line((" " * 12, "quiet"), (more, tone)) for more in rest)]  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """What stands between a plan and its run. ``glass`` lifts its policy, the reason in
    ``take_over`` the lease of another; nothing lifts what is impossible."""

    hindrance: Literal["", "blocked", "policy", "held"] = ""
    glass: BreakGlass | None = None
    take_over: str = ""

    @classmethod
    def of(cls, plan: Plan, glass: BreakGlass | None, take_over: str) -> Standing:
        """Of a plan, here and now."""
        hindrance: Literal["", "blocked", "policy", "held"] = ""
        if plan.blocked and not only_held(plan):
            hindrance = "blocked"
        elif plan.policy and glass is None:
            hindrance = "policy"
        elif plan.held is not None and not take_over:
            hindrance = "held"
        return cls(hindrance, glass, take_over)


def only_held(plan: Plan) -> bool:
    """Whether what forbids the plan is the lease of another and nothing else."""
    held = plan.held
    return held is not None and (plan.blocked or "").startswith(f"{held.holder} holds ")


def plan_lines(plan: Plan, columns: int, standing: Standing | None = None) -> list[Line]:
    """What stands in the way, who is affected, what could go wrong, what will be done, and the
    way back: the first screen of a plan holds what decides."""
    standing = standing or Standing.of(plan, None, "")
    lines = _hindrances(plan, columns, standing)
    lines += _field("risk", RISK[plan.risk], columns, RISK_TONE[plan.risk])
    lines += _field("affects", ", ".join(plan.affects) or "nobody", columns)
    for index, load in enumerate(plan.load):
        lines += _field("" if index else "in use by", load, columns)
    for warning in plan.warnings:
        lines += _field("warning", warning, columns, "warn")
    seconds = (
        "not known yet"
        if plan.expected_seconds is None
        else f"about {duration(plan.expected_seconds)}"
    )
    lines += _field("takes", seconds, columns)
    way_back = plan.inverse or "none"
    lines += _field("way back", f"{way_back} (key u)" if plan.undo else way_back, columns)
    lines += [EMPTY, line(("STEPS", "title"))]
    for number, step in enumerate(plan.steps, 1):
        first, *rest = wrap(step, columns - 5, 4)
        lines.append(line((f"{number:>3}  ", "quiet"), (first, "text")))
        lines += [line((" " * 5 + more, "text")) for more in rest]
    facts = [fact for fact in plan.facts if not (plan.blocked and fact.startswith(plan.blocked))]
    if facts:
        lines += [EMPTY, line(("FACTS", "title"))]
    for fact in facts:
        first, *rest = wrap(fact, columns - 5, 6)
        lines.append(line(("  -  ", "quiet"), (first, "text")))
        lines += [line((" " * 5 + more, "text")) for more in rest]
    return lines


def _hindrances(plan: Plan, columns: int, standing: Standing) -> list[Line]:
    lines: list[Line] = []
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
        if standing.take_over:
            how = f"this run takes it over: {standing.take_over}"
        lines += _field("", how, columns, "quiet" if not standing.take_over else "warn")
    return lines


def run_lines(run: Run, now: float, columns: int, glyphs: Glyphs) -> list[Line]:
    """Each step with its state in symbol and word, and the verdict with what it rests on."""
    marks: dict[StepState, str] = {
        "waiting": " ",
        "running": glyphs.running,
        "done": glyphs.done,
        "failed": glyphs.state["down"],
        "skipped": "-",
        "unknown": "?",
    }
    lines: list[Line] = []
    for step in run.steps:
        seconds = step.seconds
        if seconds is None and step.started_at is not None and step.state == "running":
            seconds = now - step.started_at
        took = "" if seconds is None else duration(seconds)
        tone = STEP_TONE[step.state]
        lines.append(line((f"{marks[step.state]} {step.state:<8}", tone), (step.name, "text"),
                          (f"  {took}", "quiet")))  # fmt: skip
        if step.detail:
            lines += [
                line((" " * 10 + text, "quiet")) for text in wrap(step.detail, columns - 10, 3)
            ]
    lines.append(EMPTY)
    if run.state not in FINAL:
        lines.append(line(("running in the engine: closing this screen does not stop it", "quiet")))
        return lines
    tone = "ok" if run.state == "verified" else "fail" if run.state == "failed" else "unknown"
    lines += [line((text, tone)) for text in wrap(f"{run.state}: {run.message}", columns, 6)]
    if run.verified_by:
        lines += [
            line((text, "quiet")) for text in wrap(f"observed: {run.verified_by}", columns, 4)
        ]
    return lines
