"""How a command reaches an engine: the running one by its socket, else one of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation

if TYPE_CHECKING:
    from ainur_tui.client.remote import Remote
    from ainur_tui.engine.service import Engine
    from ainur_tui.systems.base import Context

CONNECT = 3.0
"""Seconds a running engine has to answer the first call."""
START = 15.0
"""Seconds a started engine has to answer."""
LOST = (OSError,)
"""What a call raises when the engine went away."""


class Link(Protocol):
    """A way to call an engine, wherever it is."""

    async def call(self, method: str, params: Any = None) -> Any:
        """The result, typed as ``RESULTS`` says; raises ``Refused`` with its exit code."""
        ...


async def running(call: Invocation) -> Remote | None:
    """A connection to the environment's engine, if one answers."""
    if not call.paths.socket.exists():
        return None
    from ainur_tui.client.remote import Remote

    try:
        return await Remote.open(call.paths.socket, call.hello(), CONNECT)
    except OSError:
        return None


def is_of_this_file(call: Invocation, remote: Remote) -> bool:
    """Whether the engine was started with the configuration as it stands now; tells if not."""
    if remote.welcome.config == call.loaded.digest:
        return True
    call.output.tell(
        f"warning: the engine was started before {call.loaded.path} changed;"
        " ainur-tui engine stop, and the next call starts it anew"
    )
    return False


@contextlib.asynccontextmanager
async def engine(call: Invocation) -> AsyncIterator[Engine]:
    """An engine inside this process, for one question: nothing is scheduled, nothing is kept."""
    import msgspec

    from ainur_tui import __version__
    from ainur_tui.config.secrets import resolve
    from ainur_tui.engine.clock import SystemClock
    from ainur_tui.engine.service import Engine

    environment = msgspec.structs.replace(call.loaded.environment, access=call.access)
    made = Engine(
        environment,
        call.paths,
        clock=SystemClock(),
        version=__version__,
        config_digest=call.loaded.digest,
        resolve_secret=resolve,
    )
    await made.start(watching=False)
    try:
        yield made
    finally:
        await made.close()


def context(call: Invocation) -> Context:
    """What a system's functions need, without an engine. Reads the clock and secrets."""
    from ainur_tui.config.secrets import resolve
    from ainur_tui.engine.clock import SystemClock
    from ainur_tui.engine.probing.connecting import Redaction, Secrets, tools_of
    from ainur_tui.systems.base import Context

    environment = call.loaded.environment
    redact = Redaction()
    return Context(
        environment=environment.name,
        clock=SystemClock(),
        redact=redact,
        tools=tools_of(environment),
        secret=Secrets(resolve, redact),
    )


@contextlib.asynccontextmanager
async def link(call: Invocation) -> AsyncIterator[Link]:
    """The running engine, else one of our own."""
    from ainur_tui.client.local import Local

    remote = await running(call)
    if remote is not None:
        async with remote:
            is_of_this_file(call, remote)
            yield remote
        return
    async with engine(call) as made, Local(made.call, call.hello()) as local:
        yield local


async def ask(call: Invocation, method: str, params: Any = None) -> Any:
    """One question to whichever engine there is."""
    async with link(call) as engine_link:
        return await engine_link.call(method, params)


async def process(call: Invocation) -> Remote:
    """A connection to the engine process, started if there is none: what has begun there goes on
    whatever happens to this command."""
    found = await running(call)
    if found is None:
        await start(call)
        found = await running(call)
    if found is None:
        raise errors.Stop(
            f"the engine was started and does not answer; its words are in {call.paths.log}",
            errors.UNAVAILABLE,
        )
    is_of_this_file(call, found)
    return found


async def start(call: Invocation) -> None:
    """Start the engine process, detached from this terminal, and wait until it answers."""
    from ainur_tui.client.launch import LaunchFailed, launch

    try:
        await launch(call.engine_argv(), call.paths.log, call.paths.socket, START)
    except LaunchFailed as failed:
        raise errors.Stop(str(failed), errors.UNAVAILABLE) from None
    except OSError as error:
        raise errors.Stop(
            f"the engine cannot be started: {(error.strerror or 'unknown').lower()};"
            f" see the folder of {call.paths.log}",
            errors.CANNOT_CREATE,
        ) from None
