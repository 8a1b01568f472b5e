"""A run as it goes on: each step with its state, what a stop would do, and the verdict."""

from __future__ import annotations

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import EMPTY, Line, Tone, line, wrap
from ainur_tui.model.action import FINAL, Run, StepRecord, StepState
from ainur_tui.model.units import clock, duration

STEP_TONE: dict[StepState, Tone] = {
    "waiting": "quiet", "running": "accent", "done": "ok", "failed": "fail", "skipped": "quiet",
    "unknown": "unknown",
}  # fmt: skip


def run_lines(
    run: Run, now: float, columns: int, glyphs: Glyphs, lost: str | None = None
) -> list[Line]:
    """Who began it, each step with its state in symbol and word, and how it ended, with what that
    rests on and what can be done next: the verdict stands above the steps. ``lost`` says why no
    engine tells how it goes on."""
    over = run.state in FINAL
    steps: list[Line] = []
    for step in run.steps:
        steps += _step(step, now, columns, glyphs, brief=not over)
    lines = [_begun(run, now), EMPTY]
    if not over:
        lines += [*steps, EMPTY]
        if lost is not None:
            words = (
                f"This is how it stood: {lost}. The next engine reads what became of it, and"
                " repeats nothing."
            )
            return lines + [line((text, "unknown")) for text in wrap(words, columns, 4)]
        if run.asking is not None:
            waits = duration(max(0.0, now - run.asking.since))
            words = f"It asks for the name {run.asking.word} (key c) and has waited {waits}."
            lines += [line((text, "warn")) for text in wrap(words, columns, 3)]
        if run.message:
            lines += [line((text, "warn")) for text in wrap(run.message, columns, 3)]
        words = f"It runs in the engine: closing this page does not stop it. {stopping(run)}"
        return lines + [line((text, "quiet")) for text in wrap(words, columns, 4)]
    tone: Tone = "ok" if run.state == "verified" else "fail" if run.state == "failed" else "unknown"
    lines += [line((text, tone)) for text in wrap(f"{run.state}: {run.message}", columns, 8)]
    if run.verified_by and run.verified_by != run.message:
        seen = f"observed: {run.verified_by}"
        lines += [line((text, "quiet")) for text in wrap(seen, columns, 4)]
    if next_ := _next(run):
        lines += [EMPTY, *(line((text, "text")) for text in wrap(next_, columns, 4))]
    return [*lines, EMPTY, *steps]


def running_at(lines: list[Line]) -> int:
    """The line of the step it is at, the end where it is at none."""
    tone = STEP_TONE["running"]
    heads = (index for index, one in enumerate(lines) if one and one[0][1] == tone)
    return next(heads, len(lines))


def stopping(run: Run) -> str:
    """What becomes of the step it is at when it is stopped now."""
    step = next((step for step in run.steps if step.state == "running"), None)
    if step is None:
        return "Stopped now, it does no further step."
    how = "is broken off" if step.policy == "abort" else "is finished first"
    return f"Stopped now, “{step.name}” {how} and nothing after it is begun."


def _begun(run: Run, now: float) -> Line:
    took = (run.finished_at or now) - run.started_at
    words = f"{run.operator}, begun {clock(run.started_at)} UTC, {duration(max(0.0, took))}"
    if run.finished_at is None and run.plan.expected_seconds is not None:
        words += f" of about {duration(run.plan.expected_seconds)}"
    return line((words, "quiet"), (f"   run {run.id}", "quiet"))


def _step(step: StepRecord, now: float, columns: int, glyphs: Glyphs, *, brief: bool) -> list[Line]:
    """``brief``: what is done takes one line, so that the step it is at stays in sight."""
    marks: dict[StepState, str] = {
        "waiting": " ", "running": glyphs.running, "done": glyphs.done,
        "failed": glyphs.state["down"], "skipped": "-", "unknown": "?",
    }  # fmt: skip
    seconds = step.seconds
    if seconds is None and step.started_at is not None and step.state == "running":
        seconds = max(0.0, now - step.started_at)
    took = "" if seconds is None else duration(seconds)
    short = brief and step.state != "running"
    name, *more = wrap(step.name, columns - 12 - len(took), 1 if short else 3)
    head = line((f"{marks[step.state]} {step.state:<8}", STEP_TONE[step.state]),
                (name, "text"), (f"  {took}", "quiet"))  # fmt: skip
    told = step.detail and not (brief and step.state == "done")
    detail = wrap(step.detail, columns - 10, 3) if told else []
    return [
        head,
        *(line((" " * 10 + text, "text")) for text in more),
        *(line((" " * 10 + text, "quiet")) for text in detail),
    ]


def _next(run: Run) -> str:
    """What a person can do about it."""
    back = f"The way back: {run.plan.inverse} (key u)." if run.plan.undo else ""
    if run.mends:
        left = ", ".join(f"{one.action} {one.target}" for one in run.mends)
        return f"It left something in the way; {left} puts it right (key m: its plan). {back}"
    if run.state == "unknown" and run.finished_at is not None:
        return (
            f"Nobody can tell whether it was done. Look at {run.plan.target} itself before doing it"
            f" again (key r: the plan reads the facts anew). {back}"
        )
    return back
