"""The socket: who may connect, one line a message, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pwd
import socket
import struct
from pathlib import Path

from ainur_tui.engine.service import Engine
from ainur_tui.engine.wire.messages import error_line
from ainur_tui.engine.wire.peer import INVALID_REQUEST
from ainur_tui.engine.wire.session import ClientSession

LARGEST_REQUEST = 1 << 20
MOST_CLIENTS = 64
_CREDENTIALS = struct.Struct("3i")

_log = logging.getLogger(__name__)


class Unreachable(Exception):
    """The socket cannot be made; the text says why."""


class Server:
    """Listens on ``path`` for one engine. ``group`` may connect too, where there is one.

    The caller holds the environment's lock: a socket found at ``path`` is a dead engine's.
    """

    def __init__(self, engine: Engine, path: Path, group: int | None = None) -> None:
        self._engine = engine
        self._path = path
        self._group = group
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Raises Unreachable."""
        if len(os.fsencode(self._path)) > 107:
            raise Unreachable(
                f"the socket's path is too long for the system ({self._path}); choose a shorter"
                " runtime_dir"
            )
        self._path.unlink(missing_ok=True)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, self._path, limit=LARGEST_REQUEST
            )
        except OSError as error:
            raise Unreachable(f"no socket at {self._path}: {error.strerror}") from None
        self._path.chmod(0o600 if self._group is None else 0o660)
        if self._group is not None:
            with contextlib.suppress(PermissionError):
                os.chown(self._path, -1, self._group)

    async def close(self) -> None:
        """Take the socket away, then send the clients away."""
        self._path.unlink(missing_ok=True)
        if self._server is not None:
            self._server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._clients.add(task)
        self._engine.clients += 1
        try:
            await self._session(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # gone, or sent away
        except Exception:  # one client's trouble must not be the others'
            _log.exception("serving a client")
        finally:
            self._engine.clients -= 1
            self._clients.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(line: bytes) -> None:
            writer.write(line + b"\n")
            await writer.drain()

        uid, gid = credentials(writer)
        if not may_connect(uid, gid, self._group):
            await send(error_line(77, "this engine belongs to another user"))
            return
        if len(self._clients) > MOST_CLIENTS:
            await send(error_line(75, f"{MOST_CLIENTS} clients are connected already"))
            return

        async def lines() -> bytes | None:
            try:
                return await reader.readline() or None
            except ValueError:
                words = f"a request is at most {LARGEST_REQUEST} bytes long"
                await send(error_line(INVALID_REQUEST, words))
                return None
            except ConnectionError:
                return None

        await ClientSession(self._engine, send, lambda claim: operator(uid, claim)).run(lines)


def credentials(writer: asyncio.StreamWriter) -> tuple[int, int]:
    """User and group of the process at the other end, as the kernel says."""
    channel = writer.get_extra_info("socket")
    data = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, gid = _CREDENTIALS.unpack(data)
    return uid, gid


def may_connect(uid: int, gid: int, group: int | None) -> bool:
    """Ourselves, root, and the members of the group the socket was given to."""
    if uid in {os.geteuid(), 0}:
        return True
    if group is None:
        return False
    try:
        members = os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        members = [gid]
    return group in members


def operator(uid: int, claim: str) -> str:
    """The name for the record: what our own user claims (it may be ``sudo``'s caller), but for
    anybody else the name the system knows the peer by."""
    if uid == os.geteuid() and claim:
        return claim
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
