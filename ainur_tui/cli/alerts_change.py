"""``ainur-tui alerts ack|unack|silence|unsilence``: who is on an alert, and who is not called."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING, Any

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.shape import SHOWN_ALERTS

if TYPE_CHECKING:
    from ainur_tui.model.alert import Alert, Silence


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Do it; exit code 0 when it was done."""
    from ainur_tui.cli import shape_alerts
    from ainur_tui.model.failure import Refused

    if not args.name:
        raise errors.usage(f"alerts {args.what}: the alert's name is missing")
    if call.access == "read" and not (args.what == "silence" and args.dry_run):
        raise Refused("this session is read-only; it changes nothing", errors.PERMISSION)
    lasts = None if args.lasts is None else seconds_of(args.lasts, "--for")
    if args.what == "unsilence":
        ended = asyncio.run(_ask(call, "alerts.unsilence", _unsilence(args.name)))
        _tell_silence(call, args, ended, "ended: the silence of")
    elif args.what == "silence":
        found = asyncio.run(_ask(call, "alerts.silence", _silence(args, lasts), dry=args.dry_run))
        mutes = [shape_alerts.alert(one) for one in found.mutes]
        if args.json:
            made = None if found.silence is None else shape_alerts.silence(found.silence)
            call.output.json({"version": 1, "silence": made, "mutes": mutes})
        else:
            for one in found.mutes:
                call.output.line(f"mutes {one.severity} {one.name} on {one.target}")
            if not found.mutes:
                call.output.line("mutes nothing at this moment")
            if found.silence is not None:
                _tell_silence(call, args, found.silence, "silenced:")
    else:
        alert = asyncio.run(_ack(call, args, lasts))
        if args.json:
            call.output.json({"version": 1, "alert": shape_alerts.alert(alert)})
        else:
            word = f"{alert.ack.by} is on" if alert.ack else "nobody is on"
            call.output.line(f"{word} {alert.severity} {alert.name} on {alert.target}")
    return errors.OK


def _tell_silence(call: Invocation, args: argparse.Namespace, one: Silence, word: str) -> None:
    from ainur_tui.cli import shape_alerts
    from ainur_tui.model.units import clock

    if args.json:
        call.output.json({"version": 1, "silence": shape_alerts.silence(one)})
        return
    what = f"{one.name or 'every alert'} on {one.target or 'every target'}"
    until = f"until {clock(one.until, date=True)} UTC"
    ends = f"; unsilence {one.id} ends it" if word == "silenced:" else ""
    call.output.line(f"{word} {what} {until}{ends}")


def _unsilence(id: str) -> Any:
    from ainur_tui.model.alertcalls import UnsilenceCall

    return UnsilenceCall(id=id)


def _silence(args: argparse.Namespace, lasts: float | None) -> Any:
    from ainur_tui.model.alertcalls import SilenceCall

    if not args.dry_run and lasts is None:
        raise errors.usage("a silence needs an end: --for 2h")
    if not args.dry_run and not args.reason.strip():
        raise errors.usage("a silence needs a reason: --reason WORDS")
    name = "" if args.name == "*" else args.name
    return SilenceCall(name=name, target=args.target or "", reason=args.reason,
                       seconds=lasts or 0.0, dry=args.dry_run)  # fmt: skip


async def _ack(call: Invocation, args: argparse.Namespace, lasts: float | None) -> Alert:
    from ainur_tui.cli import common
    from ainur_tui.model.alertcalls import AckCall

    async with await common.process(call) as engine:
        target = args.target
        if target is None:
            board = await engine.call("board")
            having = [
                a.target for a in board.alerts if a.name == args.name and a.state in SHOWN_ALERTS
            ]
            if len(having) > 1:
                raise errors.usage(f"{args.name} is on several: {', '.join(having)}; which one?")
            if not having:
                names = sorted({a.name for a in board.alerts if a.state in SHOWN_ALERTS})
                raise errors.unknown("alert", args.name, names)
            target = having[0]
        found: Alert = await engine.call("alerts.ack", AckCall(
            name=args.name, target=target, comment=args.reason, seconds=lasts,
            withdraw=args.what == "unack",
        ))  # fmt: skip
        return found


async def _ask(call: Invocation, method: str, params: Any, *, dry: bool = False) -> Any:
    """Ask the engine process: what only this command holds would end with it."""
    from ainur_tui.cli import common

    if dry:
        return await common.ask(call, method, params)
    async with await common.process(call) as engine:
        return await engine.call(method, params)


def seconds_of(text: str, option: str) -> float:
    """The seconds of a duration that stands behind an option."""
    from ainur_tui.model.units import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise errors.usage(f"{option}: {error}") from None
