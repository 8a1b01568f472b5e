"""A plan as the person deciding must see it, and a run as it goes on."""

from __future__ import annotations

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import EMPTY, Line, Tone, left, line, wrap
from ainur_tui.model.action import FINAL, Plan, Risk, Run, StepState
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


def plan_lines(plan: Plan, columns: int) -> list[Line]:
    """What will be done, who is affected, what could go wrong, and the way back."""
    lines = _field("risk", RISK[plan.risk], columns, RISK_TONE[plan.risk])
    affected = ", ".join(plan.affects) or "nobody"
    lines += _field("affects", affected, columns)
    seconds = (
        "not known yet"
        if plan.expected_seconds is None
        else f"about {duration(plan.expected_seconds)}"
    )
    lines += _field("takes", seconds, columns)
    lines += _field("way back", plan.inverse or "none", columns)
    for fact in plan.facts:
        lines += _field("fact", fact, columns)
    for warning in plan.warnings:
        lines += _field("warning", warning, columns, "warn")
    if plan.blocked:
        lines += _field("refused", plan.blocked, columns, "fail")
    lines += [EMPTY, line(("STEPS", "title"))]
    for number, step in enumerate(plan.steps, 1):
        first, *rest = wrap(step, columns - 5, 4)
        lines.append(line((f"{number:>3}  ", "quiet"), (first, "text")))
        lines += [line((" " * 5 + more, "text")) for more in rest]
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
