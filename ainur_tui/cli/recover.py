"""``ainur-tui recover``: from which backup, what it would lose, do it; or the way of total loss."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.asking import add_second
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.cli.parser import add_json
from ainur_tui.cli.run import add_decision

if TYPE_CHECKING:
    from ainur_tui.systems.examined import Examined
    from ainur_tui.systems.postgres.recovery.candidates import Candidate


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument(
        "what", nargs="?", default="list", metavar="list|loss|total|best|ID",
        help="list: backups, the best evidence first; loss: every step when nothing is left, in"
        " words; total: those steps done, as far as this program can, each seen before the next;"
        " best, or the ID of a backup: recover from it",
    )  # fmt: skip
    parser.add_argument("--into", metavar="NAME", help="the new database's name")
    parser.add_argument("--since", metavar="TIME", help="when the trouble began (RTO clock)")
    add_decision(parser)
    add_second(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Tell, or recover; exit code 0 only when the API was seen to use the new database."""
    if args.what == "list":
        return _list(call, as_json=args.json)
    if args.what == "loss":
        return _loss(call, as_json=args.json)
    if args.what == "total":
        return _total(call, args)
    return _recover(call, args)


def _total(call: Invocation, args: argparse.Namespace) -> int:
    """Stage after stage until one is a person's, or none is left."""
    from ainur_tui.cli.run import perform, shape_of

    args.action, args.target = "rebuild", "db"
    since = args.since
    while True:
        outcome, code = perform(call, args, {"since": since} if since else {})
        if code != errors.OK or args.dry_run or args.detach or outcome.run is None:
            break
        since = outcome.run.plan.params["since"]
        call.output.tell("")
    whole = outcome.plan is None and outcome.message.startswith("nothing is left to rebuild")
    if args.json:
        call.output.json(shape_of(outcome) | {"whole": whole, "since": since})
    return errors.OK if whole else code


def _recover(call: Invocation, args: argparse.Namespace) -> int:
    from ainur_tui.cli.run import perform, shape_of
    from ainur_tui.model.units import duration

    args.action, args.target = "recover", "db"
    given = {"id": None if args.what == "best" else args.what, "into": args.into,
             "since": args.since}  # fmt: skip
    outcome, code = perform(call, args, {name: text for name, text in given.items() if text})
    done, goal = outcome.run, outcome.run.plan.goal if outcome.run else {}
    if args.json:
        call.output.json(shape_of(outcome) | {"rto": goal.get("rto"), "since": goal.get("since")})
    elif done is not None and done.finished_at is not None and "since" in goal:
        took = duration(done.finished_at - goal["since"])
        call.output.tell(f"RTO clock: {took}, the guide allows {duration(goal['rto'])}")
    return code


def _list(call: Invocation, *, as_json: bool) -> int:
    from ainur_tui.engine.probing.drills import of_record
    from ainur_tui.model.units import duration, rfc3339, show
    from ainur_tui.rules.drills import KINDS, by_kind, last, slower

    found, now = asyncio.run(_candidates(call))
    times = by_kind(of_record(call.paths.journal))
    if as_json:
        rows = [
            {
                "id": one.id, "usable": one.usable, "created_at": rfc3339(one.at),
                "loses": None if one.at is None else round(max(0.0, now - one.at), 3),
                "verified_at": one.row["verified_at"], "bytes": one.row["bytes"],
                "rows": one.row["rows"], "evidence": one.evidence,
            }
            for one in found
        ]  # fmt: skip
        took = [
            {
                "kind": kind, "seconds": round(own[-1].seconds, 3), "at": rfc3339(own[-1].at),
                "run": own[-1].run, "guide": KINDS[kind][1], "runs": len(own),
            }
            for kind, own in times.items()
        ]  # fmt: skip
        call.output.json({"version": 1, "candidates": rows, "times": took})
        return errors.OK
    for line in columns(
        [
            [
                one.id,
                "—" if one.at is None else f"loses {duration(max(0.0, now - one.at))}",
                show(one.row["bytes"], "B"),
                one.evidence,
            ]
            for one in found
        ]
    ):
        call.output.line(line)
    for kind, own in times.items():
        title, within = KINDS[kind]
        worse = f"; {slower(own)}" * bool(slower(own))
        call.output.tell(f"{title}: last time {last(own)}, the guide allows"
                         f" {duration(within)}{worse}")  # fmt: skip
    best = next((one for one in found if one.usable), None)
    if best is None:
        call.output.tell("no backup can be recovered from; what is left: ainur-tui recover loss")
    else:
        call.output.tell(f"the plan of the first: ainur-tui recover {best.id} --dry-run")
    return errors.OK


async def _candidates(call: Invocation) -> tuple[list[Candidate], float]:
    from ainur_tui.cli import common
    from ainur_tui.systems.postgres.backup.catalogue import catalogue
    from ainur_tui.systems.postgres.recovery.candidates import rank

    environment = call.loaded.environment
    if environment.backup is None:
        raise errors.Stop(
            f"backups are not configured; add [environment.{environment.name}.backup]"
            f" to {call.loaded.path}; the other way: ainur-tui recover loss",
            errors.CONFIGURATION,
        )
    context = common.context(call)
    now = context.clock.now()
    return rank(await catalogue(environment, context), now), now


def _loss(call: Invocation, *, as_json: bool) -> int:
    from ainur_tui.systems.postgres.recovery.loss import steps

    found = steps(call.loaded.environment)
    held = asyncio.run(_vault(call))
    if as_json:
        rows = [{"step": one.what, "how": one.how, "added": one.added} for one in found]
        call.output.json({"version": 1, "steps": rows, "vault": [asdict(one) for one in held]})
        return errors.OK
    for number, one in enumerate(found, 1):
        call.output.line(f"{number:>2}. {one.what}{'  [added]' * one.added}")
        call.output.line(f"    {one.how}")
    for said in held:
        call.output.tell(f"{said.name}: {call.redactor()(said.words)}")
    return errors.OK


async def _vault(call: Invocation) -> list[Examined]:
    """Whether the vault has the value of each secret that is kept by name."""
    from ainur_tui.cli import common
    from ainur_tui.config.types import SecretMissing
    from ainur_tui.systems.fly.secrets import vault

    try:
        return await vault.examine(call.loaded.environment, common.context(call))
    except SecretMissing:  # a store without credentials: doctor says so
        return []
