"""Working through a playbook from the command line: the same engine, the same gates."""

from __future__ import annotations

import argparse
import asyncio
import uuid
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.shape_playbook import shape
from ainur_tui.model.playbook import PlaybookRun, PlaybookStepState
from ainur_tui.model.playbookcalls import Choice, DecideCall, PlaybookRunsQuery, StartCall
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration

if TYPE_CHECKING:
    from ainur_tui.cli.common import Link

EVERY = 0.2
PATIENCE = 30.0
"""Seconds without an engine before we give up watching (never: working)."""
MARKS: dict[PlaybookStepState, str] = {
    "passed": "✓", "failed": "✗", "stuck": "✗", "skipped": "-", "not needed": "-", "deciding": "?",
}  # fmt: skip


def work(call: Invocation, args: argparse.Namespace, name: str) -> int:
    """Begin it, or go on with the one that was begun; 0 when the trouble is verified to be over."""
    from ainur_tui.model.failure import Refused

    if call.access == "read":
        raise Refused("this session is read-only; nothing can be changed in it", errors.PERMISSION)
    run = asyncio.run(_work(call, args, name))
    if args.json:
        call.output.json(shape(run))
    if run.state == "running":
        words = f"{run.step.title} is {run.now.state}"
        call.output.tell(f"{run.book.title}: not over, {words}. {run.now.words}")
        call.output.tell("it waits in the engine: key p in the console, or the same command again")
    else:
        call.output.tell(f"{run.book.title}: {run.state}. {run.message}")
    return errors.OK if run.state in {"verified", "not needed"} else errors.NOT_VERIFIED


def decide(call: Invocation, args: argparse.Namespace, name: str) -> int:
    """Skip or retry the step at hand, or end the playbook."""
    from ainur_tui.model.failure import Refused

    if call.access == "read":
        raise Refused("this session is read-only; nothing can be changed in it", errors.PERMISSION)
    run = asyncio.run(_decide(call, name, args.what, args.reason))
    if args.json:
        call.output.json(shape(run))
    else:
        call.output.tell(f"{run.book.title}: {run.state}, at {run.step.title} ({run.now.state})")
    return errors.OK


async def _decide(call: Invocation, name: str, choice: Choice, reason: str) -> PlaybookRun:
    from ainur_tui.cli import common

    async with await common.process(call) as engine:
        board = await engine.call("board")
        going = [run for run in board.playbooks if run.state == "running" and run.book.name == name]
        if not going:
            raise errors.Stop(f"no playbook {clean(name, 60)} goes on", errors.UNAVAILABLE)
        order = DecideCall(id=going[0].id, step=going[0].now.id, choice=choice, reason=reason)
        after: PlaybookRun = await engine.call("playbook.decide", order)
        return after


async def _work(call: Invocation, args: argparse.Namespace, name: str) -> PlaybookRun:
    from ainur_tui.cli import common

    told: dict[int, str] = {}
    loop = asyncio.get_running_loop()
    async with await common.process(call) as engine:
        board = await engine.call("board")
        why = next((one.why for one in board.proposals if one.playbook == name), "")
        run: PlaybookRun = await engine.call("playbook.start", StartCall(name=name, why=why))
        seen_at = loop.time()
        while True:
            _tell(call, run, told)
            if run.state != "running" or run.now.state == "stuck":
                return run
            if run.now.state == "deciding" and not await _act(call, args, engine, run):
                return run
            await asyncio.sleep(EVERY)
            found = await engine.call("playbook.runs", PlaybookRunsQuery(id=run.id))
            run, seen_at = (found[0], loop.time()) if found else (run, seen_at)
            if loop.time() - seen_at > PATIENCE:
                return run


async def _act(
    call: Invocation, args: argparse.Namespace, engine: Link, run: PlaybookRun
) -> bool:  # fmt: skip
    """Show the plan of the step's action and have it done; whether it was decided."""
    from ainur_tui.cli import asking, following
    from ainur_tui.cli import run as acting
    from ainur_tui.model.runcalls import PlanQuery, RunCall

    do = run.now.do
    if do is None or not (args.yes or args.confirm_name or asking.possible()):
        return False
    query = PlanQuery(action=do.action, target=do.target, params=do.params)
    plan = await engine.call("plan", query)
    for line in following.plan_lines(plan):
        (call.output.tell if args.json else call.output.line)(line)
    if plan.blocked:
        raise errors.Stop(plan.blocked, errors.UNAVAILABLE)
    confirm = await asyncio.to_thread(acting.decided, call, args, plan)
    order = RunCall(
        action=do.action, target=do.target, key=uuid.uuid4().hex, params=do.params,
        seen=plan.before, confirm=confirm, reason=args.reason,
    )  # fmt: skip
    decision = DecideCall(id=run.id, step=run.now.id, choice="run", call=order)
    await engine.call("playbook.decide", decision)
    return True


def _tell(call: Invocation, run: PlaybookRun, told: dict[int, str]) -> None:
    for number, (one, what) in enumerate(zip(run.steps, run.book.step, strict=True)):
        if one.state == "waiting" or told.get(number) == one.state:
            continue
        told[number] = one.state
        took = ""
        if one.began is not None and one.ended is not None and one.ended - one.began > 0.1:
            took = f" {duration(one.ended - one.began)}"
        words = f": {clean(one.words, 160)}" if one.words else ""
        mark = MARKS.get(one.state, "…")
        call.output.tell(f"{mark} {number + 1}. {what.title}  {one.state}{took}{words}")
