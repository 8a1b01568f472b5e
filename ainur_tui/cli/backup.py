"""``ainur-tui backup create|list|verify|restore|prune|schedule``: backups of the database."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.cli.parser import add_json
from ainur_tui.cli.run import add_decision

FIELDS = (
    "id", "created_at", "bytes", "locations", "sha256", "database", "server_version", "format",
    "state", "verified_at", "verified_rows", "duration",
)  # fmt: skip
"""What the contract says of a backup, in its order."""


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument(
        "what", choices=["create", "list", "verify", "restore", "prune", "schedule"]
    )
    parser.add_argument("id", nargs="?", help="which backup (verify: or newest)")
    parser.add_argument("--into", metavar="NAME", help="the new database's name (restore)")
    parser.add_argument(
        "--print", dest="units", choices=["cron", "systemd"],
        help="print what runs the schedule without an engine that stays (schedule)",
    )  # fmt: skip
    add_decision(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """List what there is, or do one thing: exit code 0 only when it is done and verified."""
    of_one = args.what in {"verify", "restore"}
    if of_one and not args.id:
        raise errors.usage(f"backup {args.what} needs the ID of a backup; see: backup list")
    if args.id and not of_one:
        raise errors.usage(f"{args.id!r} is one word too many for backup {args.what}")
    if (args.into is None) == (args.what == "restore"):
        wants = "needs --into NAME, a new database" if args.into is None else "takes no --into"
        raise errors.usage(f"backup {args.what} {wants}")
    if (args.units is not None) != (args.what == "schedule"):
        raise errors.usage("backup schedule --print cron (or systemd) belong together")
    if args.what == "schedule":
        return _schedule(call, args.units)
    return _list(call, as_json=args.json) if args.what == "list" else _act(call, args)


def _schedule(call: Invocation, units: str) -> int:
    import sys

    from ainur_tui.config.types import Schedule
    from ainur_tui.systems.postgres.backup import schedule

    environment = call.loaded.environment
    if environment.backup is None:
        raise _not_configured(call)
    made = schedule.cron if units == "cron" else schedule.systemd
    program = [sys.executable, "-m", "ainur_tui"]  # the same from any folder, on any PATH
    words = ["--config", str(call.loaded.path.absolute()), "--env", environment.name]
    call.output.line(made(environment.backup.schedule or Schedule(), [*program, *words]))
    return errors.OK


def _not_configured(call: Invocation) -> errors.Stop:
    return errors.Stop(
        f"backups are not configured; add [environment.{call.loaded.environment.name}.backup]"
        f" to {call.loaded.path}",
        errors.CONFIGURATION,
    )


def _act(call: Invocation, args: argparse.Namespace) -> int:
    from ainur_tui.cli.run import perform, shape_of

    args.action, args.target = "backup" if args.what == "create" else args.what, "db"
    given = {"id": args.id, "into": args.into}
    outcome, code = perform(call, args, {name: text for name, text in given.items() if text})
    found = row(outcome.run.result.get("backup")) if outcome.run else None
    if args.json:
        call.output.json(shape_of(outcome) | {"backup": found})
    elif found:
        for place in found["locations"] or ():
            call.output.line(str(place))
    return code


def row(found: object) -> dict[str, Any] | None:
    """A backup's row with every field of the contract; what is not known is null."""
    if not isinstance(found, dict) or not found:
        return None
    from ainur_tui.model.units import rfc3339

    whole = {name: found.get(name) for name in FIELDS} | found
    for name in ("created_at", "verified_at"):
        if isinstance(whole[name], int | float):
            whole[name] = rfc3339(whole[name])
    return whole


def _list(call: Invocation, *, as_json: bool) -> int:
    from ainur_tui.model.units import duration, show

    found = asyncio.run(_catalogue(call))
    if as_json:
        call.output.json({"version": 1, "backups": found})
        return errors.OK
    for line in columns(
        [
            [
                str(one["id"]),
                str(one["state"]),
                "verified" if one["verified_at"] else "",
                "+config" if one.get("config") else "",
                show(one["bytes"], "B"),
                "" if one["duration"] is None else duration(one["duration"]),
                str(one["database"] or "—"),
                ", ".join(map(str, one["locations"] or ())),
            ]
            for one in found
        ]
    ):
        call.output.line(line)
    if not found:
        call.output.tell("there is no backup yet; take one with: ainur-tui backup create")
    return errors.OK


async def _catalogue(call: Invocation) -> list[dict[str, Any]]:
    import msgspec

    from ainur_tui.cli import common
    from ainur_tui.systems.postgres.backup.catalogue import catalogue

    environment = call.loaded.environment
    if environment.backup is None:
        raise _not_configured(call)
    found = await catalogue(environment, common.context(call))
    rows = (row(msgspec.to_builtins(one)) for one in found)
    return [one for one in rows if one is not None]
