"""``python -m ainur_tui.demo.database --dir DIR``: the real PostgreSQL, in the foreground.

SIGINT and SIGTERM stop it fast. The fault ``db-down`` stops it as a crash would and keeps it down.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress

from ainur_tui.demo.cluster import Cluster
from ainur_tui.demo.service import arguments, run, until_stopped
from ainur_tui.demo.switches import Switches

TICK = 0.1


def say(text: str) -> None:
    """One line for the platform's log."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def end(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Stop the server and wait for it: SIGINT is fast, SIGQUIT immediate."""
    with suppress(ProcessLookupError):
        server.send_signal(how)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


async def keep(cluster: Cluster, switches: Switches, stopped: asyncio.Task[int]) -> int:
    """Run the server until told to stop; what it ended with when it ended by itself."""
    server: subprocess.Popen[bytes] | None = None
    try:
        while not stopped.done():
            down = switches.on("db-down")
            if server is None and not down:
                server = cluster.start()
                say(f"PostgreSQL started (pid {server.pid})")
            elif server is not None and server.poll() is not None:
                say(f"PostgreSQL ended with {server.returncode}")
                return 1
            elif server is not None and down:
                end(server, signal.SIGQUIT)
                server = None
                say("PostgreSQL received an immediate shutdown request")
            await asyncio.wait([stopped], timeout=TICK)
        return 0
    finally:
        if server is not None and server.poll() is None:
            end(server, signal.SIGINT)
            say("PostgreSQL has shut down")


async def main(argv: list[str] | None = None) -> int:
    """Prepare the cluster, run it, stop it."""
    options = arguments(
        "ainur_tui.demo.database",
        ("--port", {"type": int, "default": int(os.environ.get("PORT", "5432"))}),
        ("--seed", {"type": int, "default": 1}),
        argv=argv,
    )
    cluster = Cluster(options.dir, options.port, options.seed)
    stopped = asyncio.create_task(until_stopped())
    await asyncio.to_thread(cluster.prepare)
    return await keep(cluster, Switches(options.dir), stopped)


if __name__ == "__main__":
    sys.exit(run(main()))
