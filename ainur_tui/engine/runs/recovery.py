"""Runs as the record tells them, and those an earlier engine left unfinished (F-30 to F-36)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from ainur_tui.model.action import Plan, Run, StepRecord
from ainur_tui.model.journal import JournalEntry
from ainur_tui.model.runcalls import RunCall

UNFINISHED = "the engine ended before the result was written; the world is being read"
RECOVERED = "recovered: "
"""How the message of a run begins whose verdict was read by the engine after the one it ran in."""


def rebuild(entries: Iterable[JournalEntry]) -> dict[str, Run]:
    """Every run whose intent is among the entries, oldest first; unfinished ones are *unknown*
    and have no ``finished_at``."""
    runs: dict[str, Run] = {}
    asked: dict[str, float] = {}
    for entry in entries:
        if entry.kind == "intent":
            if (begun := _begun(entry)) is not None:
                runs[entry.id] = begun
        elif (run := runs.get(entry.id)) is not None:
            runs[entry.id] = _went_on(run, entry, asked)
    return {id: _unfinished(run) if run.state == "running" else run for id, run in runs.items()}


def what_happened(run: Run) -> str:
    """How far an unfinished run came, in words."""
    if all(step.state == "skipped" for step in run.steps):
        return "the engine ended before the first step: it was not begun"
    open_step = next((step.name for step in run.steps if step.state == "unknown"), None)
    if open_step:
        return f"the engine ended during “{open_step}”"
    if all(step.state == "done" for step in run.steps):
        return "the engine ended after the last step"
    return "the engine ended between two steps"


def past_runs(runs: Iterable[Run], action: str, target: str) -> list[Run]:
    """The last verified runs of an action on a target. One whose verdict a later engine read tells
    nothing of how long it takes."""
    past = [
        run
        for run in runs
        if run.finished_at is not None
        and run.state == "verified"
        and not run.message.startswith(RECOVERED)
        and (run.plan.action, run.plan.target) == (action, target)
    ]
    return past[-20:]


def usual_seconds(runs: Iterable[Run]) -> float | None:
    """The median of how long they took; ``None`` without one."""
    took = [seconds for run in runs if (seconds := _worked(run)) is not None]
    return statistics.median(took) if took else None


def expectation(plan: Plan, past: Sequence[Run]) -> tuple[float | None, int]:
    """The seconds a plan will take, and how many past runs say so. Only runs of the same kinds of
    steps do (a machine that is made is none that is replaced), by the step where their number
    differs; without one, the plan's own guess stands where it rests on no other runs."""
    kinds, number = _kinds(plan), len(plan.steps)
    alike = [run for run in past if _kinds(run.plan) == kinds and run.steps]
    same = [run for run in alike if len(run.steps) == number]
    took = [
        seconds * number / len(run.steps)
        for run in same or alike
        if (seconds := _worked(run)) is not None
    ]
    if took:
        return statistics.median(took), len(took)
    return (None if past else plan.expected_seconds), 0


def _worked(run: Run) -> float | None:
    """Seconds from its beginning to its end without those in which it waited for a word."""
    return None if run.finished_at is None else run.finished_at - run.started_at - run.waited


def _kinds(plan: Plan) -> set[str]:
    return {step.partition(" ")[0] for step in plan.steps}


def _begun(entry: JournalEntry) -> Run | None:
    try:
        plan = msgspec.convert(entry.detail.get("plan"), Plan)
    except msgspec.ValidationError:
        return None
    return Run(
        id=entry.id,
        plan=plan,
        operator=entry.operator,
        state="running",
        started_at=datetime.fromisoformat(entry.at).timestamp(),
        steps=[StepRecord(name=name, state="waiting") for name in plan.steps],
        message="",
    )


def _went_on(run: Run, entry: JournalEntry, asked: dict[str, float]) -> Run:
    """``asked``: since when a run waits for a word."""
    if entry.kind == "step":
        return _stepped(run, entry)
    at = datetime.fromisoformat(entry.at).timestamp()
    if entry.state == "word asked":
        asked[run.id] = at
    elif entry.state == "confirmed" and run.id in asked:
        return replace(run, waited=run.waited + at - asked.pop(run.id))
    return _ended(run, entry)


def _stepped(run: Run, entry: JournalEntry) -> Run:
    steps, index = list(run.steps), entry.detail.get("step")
    if not isinstance(index, int) or not 0 <= index < len(steps):
        return run
    at = datetime.fromisoformat(entry.at).timestamp()
    changes: dict[str, Any] = {"state": entry.state}
    if entry.state == "running":
        changes["started_at"] = at
    else:
        changes |= {"seconds": entry.detail.get("seconds"), "detail": entry.detail.get("detail")}
    steps[index] = _checked(replace(steps[index], **changes)) or steps[index]
    return replace(run, steps=steps)


def _ended(run: Run, entry: JournalEntry) -> Run:
    if entry.kind != "result":
        return run
    steps = [
        replace(step, state="skipped") if step.state == "waiting" else step for step in run.steps
    ]
    ended = replace(
        run,
        state=entry.state,
        steps=steps,
        message=entry.detail.get("message") or "",
        verified_by=entry.detail.get("verified_by"),
        finished_at=datetime.fromisoformat(entry.at).timestamp(),
        result=entry.detail.get("result") or {},
        mends=entry.detail.get("mends") or [],
    )
    try:
        return msgspec.convert(msgspec.to_builtins(ended), Run)
    except msgspec.ValidationError:
        return run


def _unfinished(run: Run) -> Run:
    states = {"waiting": "skipped", "running": "unknown"}
    steps = [
        replace(step, state=states[step.state]) if step.state in states else step
        for step in run.steps
    ]
    return replace(run, state="unknown", steps=steps, message=UNFINISHED)


def _checked(step: StepRecord) -> StepRecord | None:
    try:
        return msgspec.convert(msgspec.to_builtins(step), StepRecord)
    except msgspec.ValidationError:
        return None


def call_of(entry: JournalEntry) -> RunCall | None:
    """The call that an intent rests on."""
    try:
        return msgspec.convert(entry.detail.get("call"), RunCall)
    except msgspec.ValidationError:
        return None
