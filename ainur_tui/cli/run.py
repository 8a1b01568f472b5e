"""``ainur-tui run ACTION [TARGET]``: plan, confirm, act, verify. The engine process does the work;
this command only asks, shows and waits, so nothing is lost when it is killed."""

from __future__ import annotations

import argparse
import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from ainur_tui.cli import asking, errors
from ainur_tui.cli.invocation import Invocation, operator
from ainur_tui.cli.parser import add_json

if TYPE_CHECKING:
    from ainur_tui.cli.common import Link
    from ainur_tui.model.action import ActionSpec, Plan, Run


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("action", help="its name, as `ainur-tui actions` lists it")
    parser.add_argument("target", nargs="?", help="what to act on, as `ainur-tui check` names it")
    parser.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="repeatable"
    )
    parser.add_argument(
        "--secret", action="append", default=[], metavar="NAME=SOURCE",
        help="a secret parameter from env:VARIABLE, file:PATH or - (standard input); repeatable",
    )  # fmt: skip
    add_decision(parser)
    asking.add_second(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
    add_json(parser)


def add_decision(parser: argparse.ArgumentParser) -> None:
    """How a person decides, where no terminal asks."""
    parser.add_argument("--yes", action="store_true", help="the plan is accepted (not for R3)")
    parser.add_argument(
        "--confirm-name", metavar="NAME", help="the target's name, for what means downtime (R3)"
    )
    parser.add_argument("--reason", default="", help="why; stands in the journal")
    parser.add_argument(
        "--take-over", action="store_true",
        help="end another operator's lease on the target (needs --reason, and tells them)",
    )  # fmt: skip
    parser.add_argument(
        "--detach", action="store_true", help="return as soon as the engine has begun"
    )


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Do it; exit code 0 when it is done and verified."""
    outcome, code = perform(call, args, parse_params(args.param))
    if args.json:
        call.output.json(shape_of(outcome))
    return code


def parse_params(words: list[str]) -> dict[str, str]:
    """``NAME=VALUE`` words as a mapping; raises a usage error."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise errors.usage(f"--param wants NAME=VALUE, not {word!r}")
        if name in found:
            raise errors.usage(f"the parameter {name} is given twice")
        found[name] = value
    return found


class Outcome:
    """What came of it, as far as it went."""

    def __init__(self, action: str, target: str) -> None:
        self.action = action
        self.target = target
        self.plan: Plan | None = None
        self.run: Run | None = None
        self.message = ""
        self.planned = False


def shape_of(outcome: Outcome) -> dict[str, Any]:
    """The contract's JSON of an outcome."""
    from ainur_tui.cli import shape_action as shape

    if outcome.run is not None:
        found: dict[str, Any] = shape.run(outcome.run)
    elif outcome.planned and outcome.plan is not None:
        found = shape.planned(outcome.plan, operator(), outcome.message)
    else:
        found = shape.refused(
            outcome.action, outcome.target, operator(), outcome.message, outcome.plan
        )
    return found


def perform(
    call: Invocation, args: argparse.Namespace, params: dict[str, str]
) -> tuple[Outcome, int]:
    """Plan, ask, begin and wait. A refusal is an outcome too, with its exit code."""
    from ainur_tui.model.failure import Refused

    outcome = Outcome(args.action, args.target or "")
    try:
        if args.take_over and not args.reason.strip():
            raise errors.usage("--take-over needs --reason: the other operator is told why")
        if call.access == "read" and not args.dry_run:
            raise Refused(
                "this session is read-only; nothing can be changed in it", errors.PERMISSION
            )
        code = asyncio.run(_perform(call, args, params, outcome))
    except (Refused, errors.Stop) as refusal:
        outcome.message = str(refusal)
        code = refusal.code if refusal.code > 0 else errors.INTERNAL
        call.output.tell(f"ainur-tui: {refusal}")
    except KeyboardInterrupt:
        if outcome.run is not None:
            call.output.tell(
                "\nthis command stops watching; the engine goes on with it."
                f" What came of it: ainur-tui journal; to stop it: ainur-tui abort {outcome.run.id}"
            )
        raise
    return outcome, code


async def _perform(
    call: Invocation, args: argparse.Namespace, params: dict[str, str], outcome: Outcome
) -> int:
    from ainur_tui.cli import common, following, unseen
    from ainur_tui.model.runcalls import PlanQuery, RunCall

    given = unseen.sources(getattr(args, "secret", []))
    async with await common.process(call) as engine:
        spec = await _spec(engine, args.action)
        outcome.target = target = args.target or _only_target(spec)
        _check_params(spec, params)
        query = PlanQuery(action=spec.name, target=target, params=params)
        plan = outcome.plan = await engine.call("plan", query)
        if not args.json or not (args.yes or args.dry_run):
            for line in following.plan_lines(plan):
                (call.output.tell if args.json else call.output.line)(line)
        if args.dry_run:
            outcome.planned = True
            hindered = plan.blocked or await _unlifted(engine, plan)
            outcome.message = hindered or "nothing was changed"
            if hindered and not args.json:
                call.output.tell(f"it would be refused: {hindered}")
            return errors.OK
        held = plan.held is not None and not args.take_over
        if plan.blocked and (held or plan.held is None):
            raise errors.Stop(plan.blocked, errors.TRY_AGAIN if held else errors.UNAVAILABLE)
        if policy := await _unlifted(engine, plan):
            raise errors.Stop(
                f"{policy} (a policy: `ainur-tui break-glass REASON` lifts it for 15 minutes)",
                errors.UNAVAILABLE,
            )
        again = asking.ahead(args, plan)
        confirm = await asyncio.to_thread(decided, call, args, plan)
        secrets = await asyncio.to_thread(unseen.values, call, spec, given)
        order = RunCall(
            action=spec.name,
            target=target,
            key=uuid.uuid4().hex,
            params=params,
            seen=plan.before,
            confirm=confirm,
            reason=args.reason,
            take_over=args.take_over,
            secrets=secrets,
            again=again,
        )
        begun = outcome.run = await engine.call("run", order)
        if args.detach:
            call.output.tell(f"begun as {begun.id}; what came of it: ainur-tui journal")
            return errors.OK
        outcome.run = await following.follow(call, engine, begun)
    return following.conclude(call, outcome.run)


async def _unlifted(engine: Link, plan: Plan) -> str | None:
    """The policy that forbids the plan, unless the glass is broken."""
    if plan.policy is None or (await engine.call("board")).break_glass is not None:
        return None
    return plan.policy


async def _spec(engine: Link, name: str) -> ActionSpec:
    specs: list[ActionSpec] = await engine.call("actions")
    for spec in specs:
        if spec.name == name:
            return spec
    raise errors.unknown("action", name, [spec.name for spec in specs])


def _only_target(spec: ActionSpec) -> str:
    """The target where there is no choice."""
    if len(spec.targets) == 1 and "/" not in spec.targets[0]:
        return spec.targets[0]
    raise errors.usage(f"{spec.name} needs a target: {', '.join(spec.targets)}")


def _check_params(spec: ActionSpec, params: dict[str, str]) -> None:
    names = [param.name for param in spec.params]
    for name in params:
        if name not in names:
            raise errors.unknown(f"parameter of {spec.name}:", name, names)
    for param in spec.params:
        if param.type == "secret":
            if param.name in params:
                raise errors.usage(
                    f"{param.name} is a secret, and arguments can be read by others: give it by"
                    f" --secret {param.name}=… instead (and change this one: it was shown)"
                )
            continue
        if param.required and param.default is None and param.name not in params:
            raise errors.usage(
                f"{spec.name} needs --param {param.name}=… ({param.type}: {param.help})"
            )


def decided(call: Invocation, args: argparse.Namespace, plan: Plan) -> str | None:
    """The typed name where one is needed; raises when the person said no, or nothing at all."""
    if plan.risk in {"R0", "R1"}:
        return None
    if plan.risk == "R3":
        if args.confirm_name is not None:
            if args.confirm_name != plan.target:
                raise errors.usage(
                    f"--confirm-name says {args.confirm_name!r}, the target is {plan.target}"
                )
            return plan.target
        if args.yes or not asking.possible():
            raise errors.usage(
                f"{plan.action} of {plan.target} means downtime or cannot be undone (R3):"
                f" --yes is not enough, add --confirm-name {plan.target}"
            )
        return asking.name(call, plan)
    if not args.yes:
        if not asking.possible():
            raise errors.usage("nobody can be asked here; look at --dry-run, then add --yes")
        asking.yes(call)
    return None
