"""``ainur-tui alerts [ack|unack|silence|unsilence|rules|doctor|backtest|export|query]``: what
fires, who is on it, what the rules are worth, and what a Prometheus says."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.cli.parser import add_json
from ainur_tui.cli.shape import SHOWN_ALERTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ainur_tui.model.alert import Alert
    from ainur_tui.model.alertcalls import Backtest, Diagnosis, Inventory

WHAT = (
    "list", "ack", "unack", "silence", "unsilence", "rules", "doctor", "backtest", "export",
    "query",
)  # fmt: skip


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument(
        "what", nargs="?", default="list", choices=WHAT,
        help="list: what fires, folded under its causes (default); ack, unack: somebody is on it, "
        "or no more; silence, unsilence: call nobody for it; rules: every rule, silence and "
        "delivery; doctor: rules that cannot fire or compare unlike things; backtest: what rules "
        "would have done; export: the rules as a file for a Prometheus; "
        "query: PromQL, saved (without a name all of it) or your own",
    )  # fmt: skip
    parser.add_argument("name", nargs="?", help="the alert (silence: may hold *); unsilence: "
                        "the silence's id; query: its name")  # fmt: skip
    parser.add_argument("target", nargs="?", help="its target; not needed where only one has it")
    parser.add_argument("--for", dest="lasts", metavar="TIME",
                        help="silence, ack: how long (30m, 2h, 1d)")  # fmt: skip
    parser.add_argument("--reason", default="", help="silence: why; ack: a comment")
    parser.add_argument("--dry-run", action="store_true", help="silence: only what it would mute")
    parser.add_argument(
        "--days", type=float, default=7.0, help="backtest: how far back (at most 30)"
    )
    parser.add_argument("--threshold", type=float, help="backtest: try another threshold")
    parser.add_argument("--hold", metavar="TIME", help="backtest: try another hold time (5m)")
    parser.add_argument("--rule", metavar="NAME", help="export: this rule only")
    parser.add_argument("--guide-names", action="store_true",
                        help="export: the guide's names of metrics, where it has some")  # fmt: skip
    parser.add_argument("--expr", help="query: PromQL of your own")
    parser.add_argument("--range", metavar="TIME", help="query: its past too (1h, 7d)")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Tell or do it; exit code 0 when that was done."""
    if args.what in {"ack", "unack", "silence", "unsilence"}:
        from ainur_tui.cli import alerts_change

        return alerts_change.run(call, args)
    if args.what == "query":
        from ainur_tui.cli import alerts_query

        return alerts_query.run(call, args)
    if args.what == "export":
        from ainur_tui.cli import alerts_export

        return alerts_export.run(call, args)
    if args.what == "list":
        return _list(call, args)
    return {"rules": _rules, "doctor": _doctor, "backtest": _backtest}[args.what](call, args)


def _list(call: Invocation, args: argparse.Namespace) -> int:
    from ainur_tui.cli import check, shape_alerts
    from ainur_tui.model.folding import fold

    if not call.paths.socket.exists():
        call.output.tell("no engine runs: this is one look; hold times run only while one lives")
    board = asyncio.run(check.look(call, [], False, None))
    alerts = [one for one in board.alerts if one.state in SHOWN_ALERTS]
    if args.json:
        call.output.json(shape_alerts.listing(board, alerts))
        return errors.OK
    rows = []
    for one in fold(alerts):
        rows.append(_row(one.root, board.at, len(one.under)))
        rows += [["  " + cell if i == 0 else cell for i, cell in enumerate(_row(u, board.at))]
                 for u in one.under]  # fmt: skip
    for line in columns(rows) or ["no alert: nothing fires, and nothing is about to"]:
        call.output.line(line)
    return errors.OK


def _row(one: Alert, now: float, folded: int = 0) -> list[str]:
    from ainur_tui.model.units import age, duration

    state: str = one.state
    if one.fires_at is not None:
        state += f" {duration(max(0.0, one.fires_at - now))} left"
    who = f"{one.ack.by} is on it" if one.ack else ""
    if one.silence is not None:
        who = f"silenced by {one.silence.by}"
    more = f" (+{folded} folded)" if folded else ""
    return [
        one.severity,
        state,
        age(now - one.since),
        one.target,
        one.name,
        who,
        one.summary + more,
    ]


def _rules(call: Invocation, args: argparse.Namespace) -> int:
    from ainur_tui.cli import common, shape_alerts
    from ainur_tui.model.units import clock

    found: Inventory = asyncio.run(common.ask(call, "alerts.rules"))
    if args.json:
        call.output.json(shape_alerts.inventory(found))
        return errors.OK
    rows = []
    for one in found.rules:
        states = ", ".join(f"{n} {s}" for s, n in one.states.items() if s != "inactive")
        said = f"off: {one.off}" if one.off else one.words
        rows.append([one.severity or "-", one.name, one.origin, states or "at rest", said])
    for line in columns(rows):
        call.output.line(line)
    for view in found.silences:
        one_silence = view.silence
        word = "was silenced" if view.over else f"silenced, mutes {view.mutes}"
        call.output.line(
            f"{one_silence.id}  {word}: {one_silence.name or '*'} on {one_silence.target or '*'} "
            f"until {clock(one_silence.until, date=True)} UTC, {one_silence.by}: "
            f"{one_silence.reason}"
        )
    for who in found.quiet:
        call.output.line(
            f"{who.channel}: quiet until {clock(who.until, date=True)} UTC but for "
            f"{', '.join(who.always) or 'nothing'}; {who.waiting} waiting"
        )
    for told in found.deliveries[:20]:
        how = "arrived" if told.ok else f"FAILED: {told.detail}"
        call.output.line(f"{clock(told.at, date=True)}  {told.channel}: {told.what}, {how}")
    return errors.OK


def _doctor(call: Invocation, args: argparse.Namespace) -> int:
    from ainur_tui.cli import common, shape_alerts

    found: Sequence[Diagnosis] = asyncio.run(common.ask(call, "alerts.doctor"))
    if args.json:
        call.output.json(shape_alerts.doctor(found))
        return errors.OK
    words = {"never": "CANNOT FIRE", "unit": "UNIT", "severity": "SEVERITY", "note": "note"}
    rows = [[words[one.trouble], one.rule or "-", one.origin,
             one.text + (f"; {one.hint}" if one.hint else "")] for one in found]  # fmt: skip
    for line in columns(rows) or ["every rule can fire here, and none contradicts another"]:
        call.output.line(line)
    return errors.OK


def _backtest(call: Invocation, args: argparse.Namespace) -> int:
    from ainur_tui.cli import common, shape_alerts
    from ainur_tui.cli.alerts_change import seconds_of
    from ainur_tui.model.alertcalls import BacktestCall

    if (args.threshold is not None or args.hold is not None) and not args.name:
        raise errors.usage("--threshold and --hold are tried with one rule: name it")
    query = BacktestCall(
        name=args.name, days=args.days, threshold=args.threshold,
        hold=None if args.hold is None else seconds_of(args.hold, "--hold"),
    )  # fmt: skip
    found: Sequence[Backtest] = asyncio.run(common.ask(call, "alerts.backtest", query))
    if args.json:
        call.output.json(shape_alerts.backtests(found))
        return errors.OK
    shown = [one for one in found if args.name or one.firings or one.fired]
    for line in columns([[one.severity, one.rule, one.words] for one in shown]):
        call.output.line(line)
    if len(shown) < len(found):
        call.output.line(f"{len(found) - len(shown)} rules would not have fired")
    for basis in dict.fromkeys(one.basis for one in shown if one.basis):
        call.output.line(basis)
    return errors.OK
