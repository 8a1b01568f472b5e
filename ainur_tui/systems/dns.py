"""Names to addresses as the machine's own resolver tells them, within a deadline (F-14)."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any

from ainur_tui.model.failure import ProbeFailure

Lookup = Callable[..., list[Any]]


class Resolver:
    """Each question has a thread that nobody waits for: a resolver that hangs for minutes holds
    up neither the loop nor the end of the process, and is asked for a name once at a time."""

    def __init__(self, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._asked: set[str] = set()

    async def addresses(self, host: str, deadline: float) -> list[str]:
        """All addresses of ``host``, sorted; ``deadline`` in seconds. Raises ProbeFailure."""
        if host in self._asked:
            raise ProbeFailure("dns", "the resolver still has not answered the last question")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()
        self._asked.add(host)

        def done(found: list[str] | OSError | UnicodeError) -> None:
            self._asked.discard(host)
            if not answer.done():
                if isinstance(found, list):
                    answer.set_result(found)
                else:
                    answer.set_exception(found)

        def ask() -> None:
            found: list[str] | OSError | UnicodeError
            try:
                rows = self._lookup(host, None, type=socket.SOCK_STREAM)
                found = sorted({str(row[4][0]) for row in rows})
            except (OSError, UnicodeError) as error:
                found = error
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(done, found)

        threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
        try:
            async with asyncio.timeout(deadline):
                return await answer
        except TimeoutError:
            raise ProbeFailure("dns", f"no answer within {deadline:.1f} s") from None
        except (OSError, UnicodeError) as error:
            words = error.strerror if isinstance(error, OSError) else "not a name"
            raise ProbeFailure("dns", words or "no such name") from None


def is_address(host: str) -> bool:
    """Whether it is an address already, so that there is nothing to resolve."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def unresolvable(host: str) -> str | None:
    """Why there is nothing to ask a resolver; ``None`` where there is."""
    if "*" in host:
        return "a wildcard: nothing to resolve"
    # RFC 6761: no resolver shall know them, so that not resolving is no trouble.
    reserved = host.rpartition(".")[2] in {"example", "invalid", "test"}
    return "a name reserved for examples: leads nowhere" if reserved else None
