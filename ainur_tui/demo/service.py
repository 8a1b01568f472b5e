"""What every process of the miniature shares: arguments, the parent watch, stopping, serving."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp import web

PR_SET_PDEATHSIG = 1
SUPERVISOR = "AINUR_DEMO_SUPERVISOR"
"""The environment variable with the supervisor's process id: without it nobody lives on."""


def arguments(
    program: str,
    *extra: tuple[str, dict[str, Any]],
    argv: list[str] | None = None,
) -> argparse.Namespace:
    """Parse a component's command line: ``--dir DIR`` always, then ``extra`` (flag, options)."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", allow_abbrev=False)
    parser.add_argument("--dir", type=Path, required=True, help="the miniature's directory")
    for flag, options in extra:
        parser.add_argument(flag, **options)
    return parser.parse_args(argv)


def die_with_parent(signum: int = signal.SIGTERM) -> None:
    """Have the kernel send ``signum`` to this process when its parent is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signum)


def orphaned(parent: int) -> bool:
    """Whether the parent (its process id when we began) or the supervisor is gone."""
    if os.getppid() != parent:
        return True
    try:
        os.kill(int(os.environ.get(SUPERVISOR, parent)), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


async def serve(
    app: web.Application, port: int, *, grace: float = 5.0, tls: SSLContext | None = None
) -> web.AppRunner:  # fmt: skip
    """Serve ``app`` on 127.0.0.1; ``runner.cleanup()`` finishes requests within ``grace`` s."""
    from aiohttp import web

    runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=512, reuse_address=True, ssl_context=tls)
    await site.start()
    return runner


async def until_stopped() -> int:
    """Wait for SIGINT or SIGTERM; return the signal's number. The end of the parent or of the
    supervisor counts as SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()

    def stop(signum: int) -> None:
        if not stopped.done():
            stopped.set_result(signum)

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop, signum)
    parent = os.getppid()
    while not stopped.done():
        await asyncio.wait([stopped], timeout=1.0)
        if orphaned(parent):
            stop(signal.SIGTERM)
    return stopped.result()


async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do ``work`` again and again, ``seconds`` after it ended; its exceptions end the loop."""
    while True:
        await work()
        await asyncio.sleep(seconds)


def run(main: Coroutine[Any, Any, int | None]) -> int:
    """Run a component to its end; 0 unless it says otherwise. Ctrl-C while starting is an end."""
    die_with_parent()
    try:
        return asyncio.run(main) or 0
    except KeyboardInterrupt:
        return 0


def free_port() -> int:
    """A TCP port of 127.0.0.1 nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
