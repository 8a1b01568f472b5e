"""The engine process in the foreground: what ``ainur-tui engine`` runs."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal
import sys

from ainur_tui.config.paths import Paths
from ainur_tui.config.types import Environment
from ainur_tui.engine import lifecycle
from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.probing.connecting import ConnectByName, Resolve
from ainur_tui.engine.service import Engine
from ainur_tui.engine.wire.server import Server, Unreachable
from ainur_tui.model.failure import CANNOT_CREATE, TRY_AGAIN
from ainur_tui.systems.base import Clock
from ainur_tui.systems.registry import connect

_log = logging.getLogger(__name__)


def serve(
    environment: Environment,
    paths: Paths,
    *,
    version: str,
    resolve_secret: Resolve,
    config_digest: str = "",
    stay: bool = False,
    clock: Clock | None = None,
    connect: ConnectByName = connect,
    idle: float = lifecycle.IDLE,
) -> int:
    """Serve until a signal, ``engine.stop`` or (without ``stay``) ``idle`` seconds without
    anybody. Returns the exit code; the sentence for a failure is on stderr."""
    clock = clock or SystemClock()
    # The terminal's end is none of ours, whoever started us.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    try:
        group = lifecycle.private(paths.runtime_dir)
        lifecycle.private(paths.state_dir)
        with lifecycle.only_one(paths.lock, paths.pid):
            engine = Engine(
                environment,
                paths,
                clock=clock,
                version=version,
                resolve_secret=resolve_secret,
                config_digest=config_digest,
                stay=stay,
                connect=connect,
            )
            handler = lifecycle.log_to(paths.log, engine.redact)
            with paths.log.open("a") as crashes:
                faulthandler.enable(crashes)
                try:
                    asyncio.run(_serve(engine, paths, group, clock, idle))
                finally:
                    faulthandler.disable()
                    logging.getLogger().removeHandler(handler)
                    handler.close()
    except lifecycle.AlreadyRuns as running:
        return _failed(str(running), TRY_AGAIN)
    except (lifecycle.Unsafe, Unreachable) as reason:
        return _failed(str(reason), CANNOT_CREATE)
    except OSError as error:
        return _failed(f"{error.filename or 'the engine'}: {error.strerror}", CANNOT_CREATE)
    return 0


def _failed(sentence: str, code: int) -> int:
    sys.stderr.write(f"ainur-tui engine: {sentence}\n")
    return code


async def _serve(
    engine: Engine, paths: Paths, group: int | None, clock: Clock, idle: float
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unhandled)

    def stop() -> None:
        # Asked twice: no more waiting for the running step; the verdict is journalled unknown.
        engine.forced = engine.stop_asked.is_set()
        engine.stop_asked.set()
        if engine.forced:
            engine.hurry()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    server = Server(engine, paths.socket, group)
    try:
        await engine.start(watching=True)
        await server.start()
        lifecycle.tell_systemd("READY=1")
        _log.info("engine %s serves %s", engine.version, engine.environment.name)
        await _until_asked(engine, clock, idle)
    finally:
        lifecycle.tell_systemd("STOPPING=1")
        await server.close()
        await engine.close()
        _log.info("engine ended")


async def _until_asked(engine: Engine, clock: Clock, idle: float) -> None:
    def busy() -> bool:
        at_work = engine.executor.active or engine.playbooks.busy or engine.incidents.open_now()
        return engine.stay or engine.clients > 0 or bool(at_work)

    counter = lifecycle.Idle(clock, busy, idle)
    engine.leaves_at = lambda: None if busy() else counter.leaves_at
    waiting = [
        asyncio.create_task(engine.stop_asked.wait()),
        asyncio.create_task(counter.over(min(1.0, idle / 2))),
    ]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _unhandled(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    error = context.get("exception")
    kept = error if isinstance(error, BaseException) else None
    _log.error("%s", context.get("message"), exc_info=kept)
