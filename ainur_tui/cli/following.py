"""Showing a plan, and a run until its end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from ainur_tui.cli import asking, common, errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.model.action import FINAL, Plan, Question, Run
from ainur_tui.model.failure import Refused
from ainur_tui.model.runcalls import AbortCall, ConfirmCall, RunsQuery
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration

if TYPE_CHECKING:
    from ainur_tui.cli.common import Link

EVERY = 0.2
"""Seconds between two looks at a run."""
PATIENCE = 30.0
"""Seconds without an engine before we give up watching (never: doing)."""
DETAIL = 160
"""Characters of a step's progress shown on its line."""
MOST_STEPS = 12
"""Steps of a plan shown to a person; JSON has them all."""
MARKS = {"done": "✓", "failed": "✗", "skipped": "-", "unknown": "?", "running": "…"}


def plan_lines(plan: Plan) -> list[str]:
    """A plan for a person to decide on."""
    lines = [f"{plan.title or f'{plan.action} {plan.target}'}  (risk {plan.risk})"]
    shown = plan.steps if len(plan.steps) <= MOST_STEPS else plan.steps[: MOST_STEPS - 2]
    lines += [f"  {number}. {step}" for number, step in enumerate(shown, 1)]
    if shown is not plan.steps:
        lines.append(f"  … {len(plan.steps) - len(shown) - 1} more like it …")
        lines.append(f"  {len(plan.steps)}. {plan.steps[-1]}")
    lines += [f"  fact: {fact}" for fact in plan.facts]
    lines.append(f"  affects: {', '.join(plan.affects) or 'nothing else'}")
    lines.append(f"  undo: {plan.inverse or 'there is none'}")
    if plan.expected_seconds is not None:
        runs = {0: "a guess: the first time here", 1: "as the one run here before"}
        how = runs.get(plan.past_runs, f"the median of {plan.past_runs} runs here")
        lines.append(f"  takes about {duration(plan.expected_seconds)} ({how})")
    lines += [f"  now: {load}" for load in plan.load]
    lines += [f"  warning: {warning}" for warning in plan.warnings]
    if plan.asks:
        lines.append(f"  asks once more in its middle: the name {plan.asks}")
    if plan.policy:
        lines.append(f"  against a policy: {plan.policy}")
    return lines


async def follow(call: Invocation, engine: Link, begun: Run) -> Run:
    """Watch a run until its end and tell each step; a lost engine is sought again."""
    told: dict[int, str] = {}
    asked: set[float] = set()
    last = begun
    loop = asyncio.get_running_loop()
    seen_at = loop.time()
    link: Link | None = engine
    async with contextlib.AsyncExitStack() as opened:
        while True:
            _tell_steps(call, last, told)
            if last.asking is not None and last.asking.since not in asked and link is not None:
                asked.add(last.asking.since)
                await _ask(call, link, last.id, last.asking)
            if last.state in FINAL and (last.finished_at or last.state != "unknown"):
                return last
            await asyncio.sleep(EVERY)
            try:
                if link is None and (again := await common.running(call)) is not None:
                    link = await opened.enter_async_context(again)
                if link is not None:
                    found: list[Run] = await link.call("runs", RunsQuery(id=begun.id))
                    last = found[0] if found else last
                    seen_at = loop.time()
            except (*common.LOST, Refused):
                link = None
            if loop.time() - seen_at > PATIENCE:
                raise errors.Stop(
                    f"the engine has been gone for {PATIENCE:g} s; what became of run {begun.id}"
                    " is unknown: ainur-tui journal will tell once an engine runs again",
                    errors.NOT_VERIFIED,
                )


async def _ask(call: Invocation, link: Link, id: str, question: Question) -> None:
    """Hand on the word that the run asks for, or stop it there; where nobody can be asked, say how
    somebody else may give it."""
    if not asking.possible():
        call.output.tell(f"it waits for a word: ainur-tui confirm {id} {question.word}")
        return
    typed = await asyncio.to_thread(asking.word, call, question)
    with contextlib.suppress(Refused):  # another operator was faster
        if typed == question.word:
            await link.call("confirm", ConfirmCall(id=id, word=typed))
        else:
            await link.call("abort", AbortCall(id=id, reason="the word was not given"))


def _tell_steps(call: Invocation, run: Run, told: dict[int, str]) -> None:
    for number, step in enumerate(run.steps):
        state = f"{step.state} {step.detail}" if step.state == "running" else step.state
        if step.state == "waiting" or told.get(number) == state:
            continue
        told[number] = state
        took = f"  {duration(step.seconds)}" if step.seconds is not None else ""
        detail = f"  {clean(step.detail, DETAIL)}" if step.detail else ""
        call.output.tell(f"{MARKS.get(step.state, ' ')} {step.name}{took}{detail}")


def conclude(call: Invocation, run: Run) -> int:
    """The last line, and the exit code: 0 only for done and verified."""
    said = run.message or run.verified_by
    words = f": {said}" if said else ""
    call.output.tell(f"{run.plan.action} {run.plan.target}: {run.state}{words}")
    if run.state != "verified" and run.plan.undo is not None:
        call.output.tell(f"the way back, {run.plan.inverse}: ainur-tui undo {run.id}")
    return errors.OK if run.state == "verified" else errors.NOT_VERIFIED
