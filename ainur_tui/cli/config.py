"""``ainur-tui config init|check|show|schema``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json

if TYPE_CHECKING:
    from ainur_tui.config.types import Environment


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument("what", choices=["init", "check", "show", "schema"])
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Do what was asked; exit code 78 when the file cannot be used."""
    match args.what:
        case "init":
            return _init(call)
        case "check":
            return _check(call, as_json=args.json)
        case "show":
            return _show(call, as_json=args.json)
        case _:
            from ainur_tui.config.schema import schema

            call.output.json(schema())
            return errors.OK


def _init(call: Invocation) -> int:
    from ainur_tui.config import safefile
    from ainur_tui.config.paths import config_file
    from ainur_tui.config.template import TEMPLATE

    path = (call.config or config_file()).expanduser().absolute()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        safefile.create(path, TEMPLATE.encode())
    except FileExistsError:
        raise errors.Stop(
            f"{path} exists and is left as it is; edit it, or name another with --config",
            errors.CANNOT_CREATE,
        ) from None
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise errors.Stop(
            f"{path} cannot be written: {reason}; name another with --config",
            errors.CANNOT_CREATE,
        ) from None
    call.output.line(f"wrote {path}")
    call.output.line("take the # from the sections you have, then: ainur-tui config check")
    return errors.OK


def _check(call: Invocation, *, as_json: bool) -> int:
    from ainur_tui.config.load import read
    from ainur_tui.config.problem import ConfigError
    from ainur_tui.systems.httptls import unusable

    try:
        file = read(call.config)
        names = [call.env] if call.env else list(file.environments)
        loaded = [file.environment(name) for name in names]
    except ConfigError as error:
        if not as_json:
            raise
        problems = [
            {"file": p.file, "line": p.line or None, "key": p.key or None, "message": p.message,
             "near": list(p.near)}
            for p in error.problems
        ]  # fmt: skip
        call.output.json({"version": 1, "ok": False, "problems": problems, "warnings": []})
        return errors.CONFIGURATION
    warnings = list(dict.fromkeys(warning for one in loaded for warning in one.warnings))
    graphs = [_graph(one.environment, warnings) for one in loaded]
    for one in loaded:
        warnings += _rules(one.environment) + unusable(one.environment)
    if as_json:
        call.output.json(
            {"version": 1, "ok": True, "problems": [], "warnings": warnings, "needs": graphs}
        )
        return errors.OK
    for warning in warnings:
        call.output.tell(f"warning: {warning}")
    for graph in graphs:
        call.output.line(f"{graph['environment']}: who needs whom is {graph['source']}")
    call.output.line(f"{file.path}: no problem; environments: {', '.join(names)}")
    return errors.OK


def _rules(environment: Environment) -> list[str]:
    """What is wrong with its files of alert rules, and with its changes of ours."""
    from ainur_tui.systems.rulebook import rulebook

    return rulebook(environment.alerts, prometheus=environment.prometheus is not None).problems


def _graph(environment: Environment, warnings: list[str]) -> dict[str, Any]:
    """Who needs whom, and where that comes from; what is odd about it is added to the warnings."""
    from ainur_tui.config.needsfile import edited
    from ainur_tui.config.paths import paths_for
    from ainur_tui.config.safefile import Unreadable
    from ainur_tui.model.needs import edges, fault
    from ainur_tui.model.units import clock
    from ainur_tui.rules.graph import NEEDS

    file = paths_for(environment).needs
    section = f"[environment.{environment.name}.needs]"
    needs: Mapping[str, Sequence[str]] = environment.needs or NEEDS
    source = f"as {section} says" if environment.needs else f"built in ({section} replaces it)"
    if why := fault(needs, {name for edge in edges(needs) for name in edge} | needs.keys()):
        warnings.append(f"{section}: {why}")
    try:
        found = edited(file)
    except Unreadable as problem:
        warnings.append(f"{file} {problem}; the graph edited in the console is not used")
    else:
        if found is not None:
            needs = found.needs
            source = (
                f"as {found.by} edited it in the console on {clock(found.at, date=True)} UTC: "
                f"{file}, which wins over {section} (Services, e, d, Enter restores)"
            )
    shown = {name: list(needed) for name, needed in needs.items()}
    return {"environment": environment.name, "source": source, "file": str(file), "needs": shown}


def _show(call: Invocation, *, as_json: bool) -> int:
    from ainur_tui.config.show import as_toml, masked

    loaded = call.loaded
    if as_json:
        call.output.json(
            {"version": 1, "file": str(loaded.path), "environment": masked(loaded.environment)}
        )
    else:
        call.output.line(f"# {loaded.path}, with what is left out there filled in")
        call.output.line(as_toml(loaded.environment).rstrip())
    return errors.OK
