"""Backups beside the guide's way: ``python -m tests.bench_backup [--bytes 2e9] [--rounds 1]``.

Builds a database of that size on an embedded server and an object store of the miniature, then in
one run, each in a process of its own: the guide's backup (`pg_dump` to a file, `gzip`, upload) and
ours, the guide's restore (`gunzip | psql`) and ours, and a verification, whose seconds are the RTO
on screen. With ``--rounds`` the restores and the verification are done that often, in turn, and
medians are told. Prints wall time, ratio, seconds of the processor (the server's too, the store's
not), the largest local disk use and the largest memory of a process.
Needs about three times the bytes on the disk. Nothing else should run; pytest never collects this.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from ainur_tui.config.types import Backup, Environment, Postgres, Storage
from ainur_tui.demo import credentials
from ainur_tui.demo.service import free_port
from ainur_tui.demo.store.auth import Credentials
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.postgres.system import connect
from ainur_tui.systems.storage.client import open_bucket
from tests.demo.processes import answers, component
from tests.systems.conftest import a_postgres
from tests.systems.postgres.test_backup import WORLD
from tests.systems.steps import Step
from tests.systems.web import RealClock

BUCKET = "ainur-backups"
SERVER = {"shared_buffers": "256MB", "max_wal_size": "2GB", "wal_level": "replica",
          "fsync": "on", "autovacuum": "on"}  # fmt: skip
"""Like a server somebody works with: what makes the tests' own fast is taken back."""
TABLES = """
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, email text UNIQUE, at timestamptz);
CREATE TABLE agents (id bigint PRIMARY KEY, owner bigint NOT NULL, about jsonb, at timestamptz);
CREATE TABLE tasks (id bigint PRIMARY KEY, agent bigint NOT NULL, state text NOT NULL,
                    payload jsonb, result text, at timestamptz);
"""
INDEXES = """
CREATE INDEX ON agents (owner);
CREATE INDEX ON tasks (agent);
CREATE INDEX ON tasks (state, at);
CREATE INDEX ON tasks (at);
"""
FILL = {
    "users": "SELECT i, 'user ' || i, md5(i::text) || '@example.org', now() - i * interval '1 s'",
    "agents": "SELECT i, i % 50000, jsonb_build_object('name', 'agent ' || i, 'skills',"
    " jsonb_build_array('translate', 'summarise', md5(i::text)), 'price', i % 977), now()",
    "tasks": "SELECT i, i % 400000, (ARRAY['open','running','done','failed'])[1 + i % 4],"
    " jsonb_build_object('prompt', repeat('work on item ' || i % 1000 || ' ', 5), 'seed',"
    " md5(i::text), 'attempt', i % 7), md5((i * 7)::text) || md5((i * 11)::text),"
    " now() - i * interval '1 s'",
}
ROWS = {"users": 100_000, "agents": 400_000, "tasks": 4_600_000}
"""About 2 GB with its indexes."""


@contextmanager
def world(size: float) -> Iterator[dict[str, str]]:
    """The server with its database, and the store; how to reach them."""
    with (
        tempfile.TemporaryDirectory(prefix="ainur-bench-") as folder,
        a_postgres(more=SERVER) as server,
    ):
        home = Path(folder)
        credentials.make(home)
        port = free_port()
        with component("store", home, "--port", port):
            answers(f"http://127.0.0.1:{port}/", 120)
            pair = Credentials.of(home)
            dsn = server.dsn(database="market").reveal()
            asyncio.run(fill(server.dsn().reveal(), dsn, size / 2e9))
            yield {
                "dsn": dsn, "bin": str(server.bin), "endpoint": f"http://127.0.0.1:{port}",
                "id": pair.access_key_id, "key": pair.secret_access_key, "home": folder,
                "data": str(server.data),
            }  # fmt: skip


async def fill(first: str, dsn: str, scale: float) -> None:
    """Make the database and its rows."""
    connection = await asyncpg.connect(first)
    await connection.execute("CREATE DATABASE market")
    await connection.close()
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLES)
    for table, rows in ROWS.items():
        count = int(rows * scale)
        await connection.execute(
            f"INSERT INTO {table} {FILL[table]} FROM generate_series(1, {count}) AS i"
        )
    await connection.execute(INDEXES)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    size = await connection.fetchval("SELECT pg_database_size('market')")
    sys.stderr.write(f"the database holds {size / 1e9:.2f} GB\n")
    await connection.close()


def guide_backup(at: dict[str, str]) -> None:
    """The script of the guide, its upload by a client as parallel as any."""
    import obstore

    plain = Path(at["home"], "work", "guide.sql")
    with plain.open("wb") as file:
        subprocess.run([f"{at['bin']}/pg_dump", at["dsn"]], stdout=file, check=True)
    subprocess.run(["gzip", str(plain)], check=True)
    store = open_bucket(_storage(at), BUCKET, _context(at))._transfer
    obstore.put(store, "guide/guide.sql.gz", Path(f"{plain}.gz"))


def guide_restore(at: dict[str, str]) -> None:
    """A named dump, unpacked into psql."""
    subprocess.run([f"{at['bin']}/createdb", f"--maintenance-db={_of(at, 'postgres')}", "guided"],
                   check=True)  # fmt: skip
    with subprocess.Popen(
        ["gunzip", "-c", f"{at['home']}/work/guide.sql.gz"], stdout=subprocess.PIPE
    ) as gunzip:
        subprocess.run([f"{at['bin']}/psql", "-q", "-o", os.devnull, _of(at, "guided")],
                       stdin=gunzip.stdout, check=True)  # fmt: skip


def _of(at: dict[str, str], database: str) -> str:
    return at["dsn"].replace("/market", f"/{database}")


def our_backup(at: dict[str, str]) -> None:
    """The action, every step of it: also read back and compared."""
    asyncio.run(_act(at, "backup"))


def our_restore(at: dict[str, str]) -> None:
    """Into a new database, counted."""
    asyncio.run(_act(at, "restore", into="ours"))


def our_verify(at: dict[str, str]) -> None:
    """Restored into a scratch database, counted, dropped."""
    asyncio.run(_act(at, "verify"))


async def _act(at: dict[str, str], name: str, **params: str) -> None:
    system = connect(_environment(at), _context(at))
    assert system is not None
    action = next(one for one in system.actions if one.spec.name == name)
    if name != "backup":
        bucket = open_bucket(_storage(at), BUCKET, _context(at))
        newest = max(stored.key for stored in await bucket.list("ours/ainur_backup_"))
        params["id"] = newest.removeprefix("ours/").partition(".")[0]
    plan = await action.plan("db", params, WORLD)
    assert plan.blocked is None, plan.blocked
    told = Step(RealClock())
    for step in action.steps(plan):
        began = time.monotonic()
        said = await step.work(told)
        sys.stderr.write(f"    {time.monotonic() - began:6.1f} s  {step.name}: {said}\n")
    seen = await action.observe(plan)
    assert seen.state == "verified", seen


def _storage(at: dict[str, str]) -> Storage:
    return Storage(endpoint=at["endpoint"], access_key_id=at["id"], secret_access_key=at["key"])


def _environment(at: dict[str, str]) -> Environment:
    return Environment(
        name="bench", postgres=Postgres(dsn=at["dsn"]), storage=_storage(at),
        backup=Backup(directory=None, bucket=BUCKET, prefix="ours/", scratch=at["dsn"]),
    )  # fmt: skip


def _context(at: dict[str, str]) -> Context:
    tools = Tools(lambda name: f"{at['bin']}/{name}", {"PATH": os.defpath})
    return Context("bench", RealClock(), Redactor(), tools, lambda source: Secret(str(source)))


ONES: dict[str, Callable[[dict[str, str]], None]] = {
    "the guide's backup": guide_backup, "our backup": our_backup,
    "the guide's restore": guide_restore, "our restore": our_restore, "our verify": our_verify,
}  # fmt: skip


def measured(name: str, at: dict[str, str]) -> dict[str, Any]:
    """Do one in a process of its own, and watch the folder it may write to."""
    work = Path(at["home"], "work")
    work.mkdir(exist_ok=True)
    before, largest, done = _size(work), 0, threading.Event()
    server = _server_cpu(at)

    def watch() -> None:
        nonlocal largest
        while not done.wait(0.1):
            largest = max(largest, _size(work) - before)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        said = subprocess.run(
            [sys.executable, "-m", "tests.bench_backup", "--one", name], check=True, text=True,
            input=json.dumps(at), stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": str(work)},
        ).stdout  # fmt: skip
    finally:
        done.set()
        watching.join()
    told = json.loads(said)
    told["cpu"] += _server_cpu(at) - server
    return {"disk": largest, **told}


def _server_cpu(at: dict[str, str]) -> float:
    """Seconds of the processor that the server's ended sessions took."""
    used = psutil.Process(int(Path(at["data"], "postmaster.pid").read_text().split()[0]))
    return used.cpu_times().children_user + used.cpu_times().children_system


def _size(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.stat(os.path.join(place, file)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def _one(name: str) -> None:
    """Do it and say what it took; the start of the interpreter and of this module is no part."""
    at, before, began = json.load(sys.stdin), _cpu(), time.monotonic()
    ONES[name](at)
    seconds, cpu = time.monotonic() - began, _cpu() - before
    json.dump({"memory": max(one.ru_maxrss for one in _used()) * 1024, "cpu": cpu,
               "seconds": seconds}, sys.stdout)  # fmt: skip


def _used() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _cpu() -> float:
    return sum(one.ru_utime + one.ru_stime for one in _used())


async def clear(at: dict[str, str]) -> None:
    """Drop what was restored; the checkpoint that goes with it is the same start for all."""
    connection = await asyncpg.connect(_of(at, "postgres"))
    for name in ("guided", "ours"):
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
    await connection.execute("CHECKPOINT")
    await connection.close()


def medians(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each thing that was measured."""
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def table(found: dict[str, dict[str, Any]]) -> str:
    """What was measured; ratios are to the guide's way of the same."""
    base = {"backup": "the guide's backup", "restore": "the guide's restore",
            "verify": "the guide's restore"}  # fmt: skip
    lines = [f"{'':22}{'wall s':>8}{'ratio':>7}{'CPU s':>8}{'disk MB':>9}{'memory MiB':>12}"]
    for name, one in found.items():
        beside = found[base[name.rpartition(" ")[2]]]["seconds"]
        lines.append(
            f"{name:22}{one['seconds']:8.1f}{one['seconds'] / beside:7.2f}{one['cpu']:8.1f}"
            f"{one['disk'] / 1e6:9.0f}{one['memory'] / 2**20:12.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Build, measure, print."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--bytes", type=float, default=2e9)
    words.add_argument("--rounds", type=int, default=1)
    words.add_argument("--one", help=argparse.SUPPRESS)
    words.add_argument("--hold", action="store_true", help="build, print where, wait for a line")
    asked = words.parse_args()
    if asked.one:
        _one(asked.one)
        return
    with world(asked.bytes) as at:
        if asked.hold:
            print(json.dumps(at), flush=True)
            sys.stdin.readline()
            return
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in ONES}
        for number in range(asked.rounds):
            for name, several in found.items():
                if number and name.endswith("backup"):
                    continue
                sys.stderr.write(f"{name} …\n")
                several.append(measured(name, at))
                asyncio.run(clear(at))
    print(table({name: medians(several) for name, several in found.items()}))
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
