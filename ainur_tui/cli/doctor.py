"""``ainur-tui doctor``: what is missing or wrong on this machine, and what to do. No secret."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.examine import Finding, folders, program, secrets, terminal, tools
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.cli.parser import add_json

if TYPE_CHECKING:
    from ainur_tui.model.action import ActionSpec

MARKS = {"ok": "✓", "note": "·", "warn": "▲", "fail": "✖"}
PROBING = 10.0
"""Seconds the systems may take to answer, all together."""


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Look at everything; exit code 1 when something is broken, 78 when it is the configuration."""
    from ainur_tui.config.problem import ConfigError
    from ainur_tui.systems.httptls import unusable

    code = errors.OK
    found = [*program(), *terminal(call.output)]
    try:
        loaded = call.loaded
    except ConfigError as error:
        found += [Finding("configuration", "file", "fail", str(p)) for p in error.problems]
        found += tools(None)
        code = errors.CONFIGURATION
    else:
        found.append(Finding("configuration", "file", "ok", str(loaded.path)))
        found += [Finding("configuration", "warning", "warn", said) for said in loaded.warnings]
        found += [
            Finding("configuration", "ca_file", "fail", said)
            for said in unusable(loaded.environment)
        ]
        found += [*folders(call.paths), *secrets(loaded.environment), *tools(loaded.environment)]
        found += asyncio.run(_systems(call))
    redact = call.redactor()
    found = [Finding(f.area, f.name, f.state, redact(f.text)) for f in found]
    if args.json:
        call.output.json({"version": 1, "findings": [asdict(finding) for finding in found]})
    else:
        for line in lines(found):
            call.output.line(line)
    broken = any(finding.state == "fail" for finding in found)
    return code or (errors.NOT_VERIFIED if broken else errors.OK)


def lines(found: list[Finding]) -> Iterator[str]:
    """The findings by area, aligned."""
    for area in dict.fromkeys(finding.area for finding in found):
        yield area
        yield from columns(
            [[f"  {MARKS[f.state]} {f.name}", f.text] for f in found if f.area == area]
        )


async def _systems(call: Invocation) -> list[Finding]:
    """Each system: is it configured, and does it answer one run of its probes."""
    from ainur_tui.cli import common
    from ainur_tui.client.local import Local

    found = []
    running = await common.running(call)
    if running is None:
        found.append(Finding("engine", "process", "note", "none runs; commands ask for themselves"))
    else:
        async with running:
            status = await running.call("engine.status")
        words = f"process {status.pid}, version {status.version}"
        found.append(Finding("engine", "process", "ok", words))
    async with _quiet(), common.engine(call) as engine, Local(engine.call, call.hello()) as local:
        board = await engine.check(None, PROBING)
        specs: list[ActionSpec] = await local.call("actions")
        found += await _asked(call)
    for name, said in board.not_configured.items():
        absent = said.startswith("add ")
        found.append(Finding("systems", name, "note" if absent else "fail", said))
    for probe in board.probes:
        took = "" if probe.seconds is None else f"answered in {probe.seconds * 1000:.0f} ms"
        found.append(
            Finding("systems", probe.name, "fail" if probe.problem else "ok", probe.problem or took)
        )
    for source in board.logs:
        words = source.problem or ("connected" if source.connected else "nothing read yet")
        found.append(Finding("logs", source.name, "warn" if source.problem else "ok", words))
    found += [
        Finding("actions", spec.name, "note", f"not available: {spec.reason}")
        for spec in specs
        if not spec.available
    ]
    usable = sum(spec.available for spec in specs)
    found.append(Finding("actions", "catalogue", "ok", f"{usable} of {len(specs)} can be used"))
    return found


async def _asked(call: Invocation) -> list[Finding]:
    """What is asked for by this command alone: the platform's version and token, the database's
    role and the statements that mend it, and what can be reached but should not be."""
    from ainur_tui.cli import common
    from ainur_tui.config.types import SecretMissing
    from ainur_tui.systems import caa, resolvers
    from ainur_tui.systems.fly.abilities import abilities
    from ainur_tui.systems.fly.secrets import vault
    from ainur_tui.systems.ports import exposures
    from ainur_tui.systems.postgres.access import examine
    from ainur_tui.systems.storage import lifecycle, uploads

    found: list[Finding] = []
    for area, ask in (
        ("platform", abilities), ("database", examine), ("ports", exposures),
        ("secrets", vault.examine), ("names", resolvers.examine), ("names", caa.examine),
        ("storage", uploads.examine), ("storage", lifecycle.examine),
    ):  # fmt: skip
        with contextlib.suppress(SecretMissing):
            told = await ask(call.loaded.environment, common.context(call))
            found += [Finding(area, one.name, one.state, one.words) for one in told]
    return found


@contextlib.asynccontextmanager
async def _quiet() -> AsyncIterator[None]:
    """What drivers have to say to a log is told by the findings."""
    import logging

    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
