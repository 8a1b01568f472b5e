"""``ainur-tui actions``: what can be done in this environment."""

from __future__ import annotations

import argparse
import asyncio

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.cli.parser import add_json


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Print the catalogue."""
    from ainur_tui.cli import common
    from ainur_tui.cli import shape_action as shape

    specs = asyncio.run(common.ask(call, "actions"))
    if args.json:
        call.output.json(shape.actions(specs))
        return errors.OK
    rows = []
    for spec in specs:
        words = " ".join(
            f"{param.name}=…" if param.required else f"[{param.name}=…]" for param in spec.params
        )
        said = spec.summary if spec.available else f"not available: {spec.reason}"
        rows.append([spec.name, spec.risk, ", ".join(spec.targets), words, said])
    for line in columns(rows):
        call.output.line(line)
    return errors.OK
