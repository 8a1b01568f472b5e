"""A PostgreSQL cluster in ``DIR/postgres``, run by an unprivileged user whoever starts it.

Started as root the server must be another user, who may not be able to walk down to the directory
(home and temporary directories are 0700). So the programs are started *in* the data directory and
told it by ``/proc/self/cwd``: nothing above it needs to be opened for anyone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from ainur_tui.demo import credentials, wheel
from ainur_tui.demo.service import die_with_parent

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "reserved_connections": "5",
    "shared_buffers": "32MB",
    "shared_preload_libraries": "pg_stat_statements",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_duration_statement": "500ms",
    "log_lock_waits": "on",
    "log_checkpoints": "on",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "track_io_timing": "on",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
}
SQL = Path(__file__).parent


class Cluster:
    """The data directory and how to start a server on it."""

    def __init__(self, directory: Path, port: int, seed: int) -> None:
        self._directory = directory
        self._home = directory / "postgres"
        self._data = self._home / "data"
        self._port = port
        self._seed = seed
        self._user = wheel.unprivileged()
        self.log = self._home / "log" / "postgresql.log"

    def prepare(self) -> None:
        """Make the cluster, its roles, tables and rows, unless they are there already."""
        self._bin = wheel.programs_for(self._user, self._home)
        done = self._home / "complete"
        if done.exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)
        for place in (self._home, self._data, self.log.parent):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(self._data, self._user.pw_uid, self._user.pw_gid)
        settings = [word for name in SETTINGS for word in ("--set", f"{name}={SETTINGS[name]}")]
        self._do(
            "initdb", "--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=reject",
            "--no-sync", "--no-instructions", *settings,
        )  # fmt: skip
        hba = self._data / "pg_hba.conf"
        hba.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        self._sql("postgres", self._roles())
        seed = f"SET ainur.seed = '{self._seed}';\n\n"
        self._sql(credentials.DATABASE, "CREATE EXTENSION pg_stat_statements;\n\n")
        role = f"SET ROLE {credentials.APP_ROLE};\n\n"
        tables, rows = (SQL / "schema.sql").read_text(), (SQL / "seed.sql").read_text()
        self._sql(credentials.DATABASE, f"{role}{seed}{tables}\n\n{rows}\n\n")
        # A run of its own: in the same one the server would count every row twice.
        self._sql(credentials.DATABASE, "VACUUM ANALYZE;\n\n")
        done.touch()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server; call it from the main thread, whose end ends the server too."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [self._bin / "postgres", "-D", self._where(), "-p", str(self._port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGINT),  # noqa: PLW1509
                **self._as(),
            )

    def _roles(self) -> str:
        app, monitor = credentials.APP_ROLE, credentials.MONITOR_ROLE
        admin = credentials.ADMIN_ROLE
        grants = "pg_monitor, pg_signal_backend, pg_read_all_data, pg_use_reserved_connections"
        return "".join(
            f"{line};\n\n"
            for line in (
                f"CREATE ROLE {app} LOGIN PASSWORD '{self._secret('postgres-app')}'",
                f"CREATE ROLE {monitor} LOGIN PASSWORD '{self._secret('postgres-monitor')}'",
                f"CREATE ROLE {admin} SUPERUSER LOGIN PASSWORD '{self._secret('postgres-admin')}'",
                f"GRANT {grants} TO {monitor}",
                f"CREATE DATABASE {credentials.DATABASE} OWNER {app}",
            )
        )

    def _secret(self, name: str) -> str:
        return credentials.read(self._directory, name)

    def _where(self) -> str:
        return "/proc/self/cwd" if self._user is not None else str(self._data)

    def _as(self) -> dict[str, Any]:
        base = {"cwd": self._data, "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}}
        if self._user is None:
            return base
        ids = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return base | ids

    def _sql(self, database: str, statements: str) -> None:
        """Run statements (each ended by ``;`` and an empty line) with no server running."""
        words = ("--single", "-j", "-c", "exit_on_error=on", "-c", "log_checkpoints=off")
        self._do("postgres", *words, database, given=statements)

    def _do(self, program: str, *words: str, given: str = "") -> None:
        first, rest = (words[:1], words[1:]) if program == "postgres" else ((), words)
        done = subprocess.run(
            [self._bin / program, *first, "-D", self._where(), *rest],
            input=given.encode(),
            capture_output=True,
            check=False,
            **self._as(),
        )
        if done.returncode != 0 or b"ERROR:" in done.stderr:
            raise SystemExit(f"{program}: {done.stderr.decode(errors='replace')[-2000:]}")
