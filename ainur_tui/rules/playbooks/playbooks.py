"""A playbook goes on: pure steps from one look at the board to the next.

A look passes by what is observed and by nothing else; something that was done passes when its run
was verified *and* the world shows what was expected. What is not known passes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from ainur_tui.model.action import FINAL, Run
from ainur_tui.model.board import BoardView
from ainur_tui.model.playbook import PlaybookRun, PlaybookState, PlaybookStep, StepRun
from ainur_tui.model.units import duration
from ainur_tui.rules.playbooks.conditions import Seen, all_of, baseline_of, fill, told

NOT_KNOWN = 10.0
"""Seconds to wait for what decides whether a step is needed; then it is taken to be."""
CHANGED = 3.0
"""Seconds for which a step must be needless before it is left while a person decides."""


@dataclass(frozen=True)
class World:
    """What a step may look at: the board, and the runs of actions by id and by key."""

    board: BoardView
    run: Callable[[str], Run | None]
    ordered: Callable[[str], Run | None]


def begin(run: PlaybookRun, board: BoardView) -> PlaybookRun:
    """The run with the values as they are at its start."""
    return replace(run, baseline=baseline_of(run.book, run.target, board))


def advance(run: PlaybookRun, world: World, now: float) -> PlaybookRun:
    """The run as far as it comes at this moment (epoch seconds)."""
    while run.state == "running":
        after = _once(run, world, now)
        if after == run:
            break
        run = after
    return run


def taken_over(run: PlaybookRun, world: World) -> PlaybookRun:
    """The run as another engine takes it up: every earlier observation is made again, and what was
    ordered and never began is for a person to decide."""
    steps = [
        _again(one, what, run.target, world)
        for one, what in zip(run.steps, run.book.step, strict=True)
    ]
    return replace(run, steps=steps, taken_over=run.taken_over + 1)


def _again(one: StepRun, what: PlaybookStep, target: str, world: World) -> StepRun:
    if one.state == "passed" and what.run is None and what.ask is None:
        seen = all_of(what.expect, what.expect_any, target, world.board)
        still = {True: "still so", False: "no longer so", None: "not known now"}[seen.holds]
        return replace(one, again=f"{still}: {seen.words}" if seen.words else "")
    if one.state in {"looking", "proving"}:
        return replace(one, held=None)  # what lay between was not observed
    if one.state == "ordered" and world.ordered(one.key or "") is None:
        words = "the engine ended before this was begun"
        return replace(one, state="deciding", attempt=one.attempt + 1, key=None, words=words)
    return one


def change(run: PlaybookRun, **changes: Any) -> PlaybookRun:
    """The run with the step at hand changed."""
    steps = list(run.steps)
    steps[run.at] = replace(steps[run.at], **changes)
    return replace(run, steps=steps)


def ended(run: PlaybookRun, state: PlaybookState, message: str, now: float) -> PlaybookRun:
    """The run at its end; what it did not come to is not needed any more."""
    words = f"the playbook was over: {state}"
    steps = [
        replace(one, state="not needed", words=words) if one.state == "waiting" else one
        for one in run.steps
    ]
    return replace(run, steps=steps, state=state, message=message, finished_at=now)


def passed_over(run: PlaybookRun, state: str, words: str, now: float) -> PlaybookRun:
    """The step at hand is left, *skipped* or *not needed*; the next one comes."""
    return _go(change(run, state=state, words=words, ended=now), "next", now)


def _once(run: PlaybookRun, world: World, now: float) -> PlaybookRun:
    match run.now.state:
        case "waiting":
            return _enter(run, world, now)
        case "looking" | "proving":
            return _observe(run, world, now)
        case "deciding" | "stuck":
            return _still_needed(run, world, now)
        case "ordered":
            return _ordered(run, world)
        case "acting":
            return _acting(run, world, now)
        case _:
            return run


def _enter(run: PlaybookRun, world: World, now: float) -> PlaybookRun:
    began = run.now.began
    if began is None:
        run, began = change(run, began=now, since=now), now
    step = run.step
    needed = all_of(step.when, step.when_any, run.target, world.board)
    if needed.holds is False or not needed.there:
        return passed_over(run, "not needed", needed.words, now)
    if needed.holds is None and now - began < NOT_KNOWN:
        return run
    if step.run is not None:
        do = fill(step.run, run.target, world.board)
        if isinstance(do, str):
            return passed_over(run, "not needed", do, now)
        return change(run, state="deciding", do=do, words=needed.words)
    if step.ask is not None:
        return change(run, state="deciding", words=needed.words)
    seen = all_of(step.expect, step.expect_any, run.target, world.board)
    if not seen.there and not step.proves:
        return passed_over(run, "not needed", seen.words, now)
    # A look counts what is fresh already; only a proof wants to be newer than what was done.
    return change(run, state="looking", since=now if step.proves else 0.0)


def _observe(run: PlaybookRun, world: World, now: float) -> PlaybookRun:
    step, one = run.step, run.now
    seen = all_of(
        step.expect, step.expect_any, run.target, world.board, since=one.since,
        baseline=run.baseline,
    )  # fmt: skip
    late = one.began is not None and now - max(one.began, one.since) >= step.deadline
    if not (step.expect or step.expect_any):
        return _passed(run, Seen(True, told(step.look, run.target, world.board)), now)
    if seen.holds:
        held = one.held if one.held is not None else now
        if now - held >= step.hold:
            return _passed(change(run, held=held), seen, now)
        return change(run, held=held, words=seen.words)
    if late:
        failed = step.failed or f"not within {duration(step.deadline)}"
        return _failed(run, _said(failed, seen), now)
    return change(run, held=None, words=seen.words)


def _passed(run: PlaybookRun, seen: Seen, now: float) -> PlaybookRun:
    words = _said(run.step.passed, seen)
    proves = run.step.proves
    run = change(run, state="passed", words=words, ended=now)
    if proves and run.step.then == "end":
        return ended(run, "verified", words, now)
    return _go(run, run.step.then, now)


def _failed(run: PlaybookRun, words: str, now: float) -> PlaybookRun:
    step = run.step
    acts = step.run is not None or step.ask is not None
    way = step.otherwise or ("ask" if acts else "next")
    if way == "ask":
        return change(run, state="stuck", words=words, ended=now)
    run = change(run, state="failed", words=words, ended=now)
    if way == "end":
        return ended(run, "not needed", words, now)
    return _go(run, way, now)


def _go(run: PlaybookRun, way: str, now: float) -> PlaybookRun:
    """To the next step, or to a later one: those between are not needed."""
    if way == "end":
        proved = any(
            one.state == "passed" and what.proves
            for one, what in zip(run.steps, run.book.step, strict=True)
        )
        nothing = "no step proved that the trouble is over"
        message = run.now.words if proved or run.now.state == "failed" else nothing
        return ended(run, "verified" if proved else "failed", message, now)
    ids = [step.id for step in run.book.step]
    to = ids.index(way) if way in ids[run.at + 1 :] else run.at + 1
    steps = list(run.steps)
    for index in range(run.at + 1, to):
        words = f"“{run.step.title}” led on to “{run.book.step[to].title}”"
        steps[index] = replace(steps[index], state="not needed", words=words, ended=now)
    if to >= len(steps):
        return _go(run, "end", now)
    return replace(run, steps=steps, at=to)


def _still_needed(run: PlaybookRun, world: World, now: float) -> PlaybookRun:
    """While a person decides, the trouble may end by itself; and what a step that is stuck, or a
    person, was to bring about may come late, or by other hands."""
    step, one = run.step, run.now
    waits = one.state == "stuck" or (step.ask is not None and one.action is None)
    if waits and (step.expect or step.expect_any):
        seen = all_of(step.expect, step.expect_any, run.target, world.board)
        over, words = seen.holds is True, f"it is so meanwhile: {seen.words}"
    elif one.action is None and (step.when or step.when_any):
        seen = all_of(step.when, step.when_any, run.target, world.board)
        over, words = seen.holds is False, seen.words
    else:
        return run
    if not over:
        return change(run, held=None) if one.held is not None else run
    held = one.held if one.held is not None else now
    if now - held < CHANGED:
        return change(run, held=held)
    return passed_over(run, "not needed", words, now)


def _ordered(run: PlaybookRun, world: World) -> PlaybookRun:
    begun = world.ordered(run.now.key or "")
    return run if begun is None else change(run, state="acting", action=begun.id)


def _acting(run: PlaybookRun, world: World, now: float) -> PlaybookRun:
    acted = world.run(run.now.action or "")
    if acted is None:
        words = "the engine knows this action no more; the journal tells what became of it"
        return change(run, state="stuck", words=words)
    if acted.state not in FINAL or acted.finished_at is None:
        return run
    if acted.state != "verified":
        return _failed(run, f"{acted.plan.title}: {acted.state}. {acted.message}", now)
    run = change(run, state="proving", since=acted.finished_at, words=acted.message)
    if run.step.expect or run.step.expect_any:
        return run
    return _passed(run, Seen(True, acted.verified_by or acted.message), now)


def _said(verdict: str, seen: Seen) -> str:
    """What the playbook says of it, then what was observed."""
    return ": ".join(filter(None, (verdict, seen.words)))
