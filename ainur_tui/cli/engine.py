"""``ainur-tui engine [--stay]``: the process behind the console; ``unit``, ``status``, ``stop``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.parser import add_json

if TYPE_CHECKING:
    from ainur_tui.model.wire import EngineStatus

STOP = 20.0
"""Seconds an engine may take to end."""


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument(
        "what", nargs="?", choices=["unit", "status", "stop"], help="without: run it here"
    )
    parser.add_argument("--force", action="store_true", help="with stop: although an action runs")
    parser.add_argument("--stay", action="store_true", help="do not leave when nobody is connected")
    add_json(parser)


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Run the engine in the foreground, or ask about the one that runs."""
    match args.what:
        case "unit":
            call.output.line(unit(call).rstrip())
            return errors.OK
        case "status":
            return _status(call, as_json=args.json)
        case "stop":
            return _stop(call, force=args.force)
        case _:
            return _serve(call, stay=args.stay)


def _serve(call: Invocation, *, stay: bool) -> int:
    import msgspec

    from ainur_tui import __version__
    from ainur_tui.config.secrets import resolve
    from ainur_tui.engine.main import serve

    environment = msgspec.structs.replace(call.loaded.environment, access=call.access)
    code: int = serve(
        environment,
        call.paths,
        version=__version__,
        config_digest=call.loaded.digest,
        resolve_secret=resolve,
        stay=stay,
    )
    return code


def _status(call: Invocation, *, as_json: bool) -> int:
    found = asyncio.run(status(call))
    if found is None:
        if as_json:
            call.output.json({"version": 1, "pid": None})
        raise errors.Stop(
            f"no engine runs for {call.loaded.environment.name}; alerts are judged only while one"
            " does: ainur-tui engine --stay",
            errors.UNAVAILABLE,
        )
    if as_json:
        call.output.json(status_json(found))
        return errors.OK
    from ainur_tui.model.units import clock, size

    leaves = (
        "stays"
        if found.stay
        else f"leaves at {clock(found.idle_exit_at)} UTC"
        if found.idle_exit_at is not None
        else "leaves when nobody is connected"
    )
    call.output.line(
        f"engine {found.version} of {found.environment}: process {found.pid}, since"
        f" {clock(found.started_at, date=True)} UTC, {found.clients} clients,"
        f" {found.running} actions running, {size(found.memory)}, access {found.access}, {leaves}"
    )
    return errors.OK


def status_json(found: EngineStatus) -> dict[str, object]:
    """The status as JSON; times are RFC 3339, sizes bytes."""
    from ainur_tui.model.units import rfc3339

    return {
        "version": 1,
        "pid": found.pid,
        "program": found.version,
        "environment": found.environment,
        "started_at": rfc3339(found.started_at),
        "stay": found.stay,
        "clients": found.clients,
        "running": found.running,
        "idle_exit_at": rfc3339(found.idle_exit_at),
        "access": found.access,
        "memory": found.memory,
    }


async def status(call: Invocation) -> EngineStatus | None:
    """The status of the engine that runs, or ``None``."""
    from ainur_tui.cli import common

    engine = await common.running(call)
    if engine is None:
        return None
    async with engine:
        found: EngineStatus = await engine.call("engine.status")
    return found


def _stop(call: Invocation, *, force: bool) -> int:
    if not asyncio.run(stop(call, force=force)):
        call.output.tell(f"no engine runs for {call.loaded.environment.name}; nothing to stop")
    return errors.OK


async def stop(call: Invocation, *, force: bool = False) -> bool:
    """Ask the engine to end and wait until it has; false when none ran.

    Raises ``Refused`` while an action runs (unless ``force``), ``Stop`` (75) when it is still
    there at the deadline.
    """
    from ainur_tui.cli import common
    from ainur_tui.model.wire import StopCall

    engine = await common.running(call)
    if engine is None:
        return False
    async with engine:
        try:
            await engine.call("engine.stop", StopCall(force=force))
        except common.LOST:
            return True
    loop = asyncio.get_running_loop()
    end = loop.time() + STOP
    while loop.time() < end:
        if not call.paths.socket.exists():
            return True
        await asyncio.sleep(0.05)
    raise errors.Stop(
        f"the engine did not end within {STOP:g} s; it finishes what it is doing first, see:"
        " ainur-tui engine status",
        errors.TRY_AGAIN,
    )


def unit(call: Invocation) -> str:
    """A systemd user unit that keeps this environment's engine running, hardened."""
    loaded, paths = call.loaded, call.paths
    places = [paths.state_dir]
    if paths.anchor_dir is not None:
        places.append(paths.anchor_dir)
    if loaded.environment.runtime_dir:
        places.append(paths.runtime_dir)
        runtime = ""
    else:
        runtime = (
            f"RuntimeDirectory=ainur-tui/{loaded.environment.name}\nRuntimeDirectoryMode=0700\n"
        )
    backup = loaded.environment.backup
    if backup is not None and backup.directory:
        places.append(type(paths.state_dir)(backup.directory))
    writable = " ".join(f"-{place}" for place in places)
    command = (
        f"{sys.executable} -m ainur_tui --config {loaded.path}"
        f" --env {loaded.environment.name} engine --stay"
    )
    return f"""\
# Save as ~/.config/systemd/user/ainur-tui-{loaded.environment.name}.service, then:
#   systemctl --user enable --now ainur-tui-{loaded.environment.name}
# The folder {paths.state_dir} must exist (mkdir -p -m 700).
# Secrets named by env come from the file below (mode 0600); it may be absent.
[Unit]
Description=Ainur Console engine ({loaded.environment.name})
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
EnvironmentFile=-%h/.config/ainur-tui/{loaded.environment.name}.env
Restart=always
RestartSec=2
TimeoutStopSec=120
KillMode=mixed
UMask=0077
{runtime}\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={writable}
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
MemoryMax=512M

[Install]
WantedBy=default.target
"""
