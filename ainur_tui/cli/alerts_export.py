"""``ainur-tui alerts export [--rule NAME]``: the rules that hold here as a file for Prometheus."""

from __future__ import annotations

import argparse
from typing import Any

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.shape import VERSION

_HEADING = (
    "Alert rules of Ainur Console for a Prometheus 2.42 or later (keep_firing_for).",
    "Rates are over 5 minutes. The label severity is as it is sent to an Alertmanager; priority is",
    "P1 to P4 and wins when this file is read by the console again.",
    "Where both send to one Alertmanager, both call: send = false in the console's configuration.",
)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Print it, from the configuration alone. 1 when it is not whole: a file of rules could not be
    read, or the one rule that was asked for has no metric."""
    from ainur_tui.rules.prom import export as promexport
    from ainur_tui.systems.rulebook import rulebook

    own = call.loaded.environment.alerts
    book = rulebook(own, prometheus=True)
    for problem in book.problems:
        call.output.tell(f"warning: {problem}")
    name = args.rule or args.name
    rules = [one for one in book.rules if name in {None, one.name}]
    off = {one: why for one, why in book.off.items() if name in {None, one}}
    if not rules and not off:
        raise errors.unknown("alert rule", name, [one.name for one in book.rules])
    found = promexport.outgoing(rules, book.prom, own.severity, guide_names=args.guide_names)
    found.left_out |= off
    if args.json:
        call.output.json(_shape(found))
    else:
        for line in promexport.written(found, _HEADING).splitlines():
            call.output.line(line)
    lacking = name is not None and not found.rules
    if lacking:
        call.output.tell(f"{name} is left out: {found.left_out[name]}")
    return errors.NOT_VERIFIED if lacking or book.problems else errors.OK


def _shape(found: Any) -> dict[str, Any]:
    return {
        "version": VERSION,
        "rules": [
            {
                "name": one.name, "group": one.group or one.file, "expr": one.expr,
                "for": one.hold, "keep_firing_for": one.keep_firing, "labels": one.labels,
                "annotations": one.annotations, "notes": told,
            }
            for one, told in found.rules
        ],
        "left_out": [{"name": one, "reason": why} for one, why in found.left_out.items()],
    }  # fmt: skip
