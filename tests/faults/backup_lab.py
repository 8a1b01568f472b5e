"""Where backups are tried: a database, two places, and one action at a time in this process or in
one that can be killed (``python -m tests.faults.backup_lab``, the setting on stdin)."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ainur_tui.config.types import Backup, Environment, Postgres, Storage
from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.postgres.backup import job
from ainur_tui.systems.postgres.backup.catalogue import catalogue
from ainur_tui.systems.postgres.system import connect
from ainur_tui.systems.storage import client
from tests.systems.postgres.test_backup import WORLD
from tests.systems.steps import Step
from tests.systems.web import RealClock

BUCKET = "ainur-backups"
job._LEAST_PART = 5 << 20  # several parts even of a small database
client._PART_DEADLINE = timedelta(seconds=3)


@dataclass
class Lab:
    """Plain values, so that a process can be told them. ``day`` moves the clock of the lab."""

    dsn: str
    bin: str
    endpoint: str
    id: str
    key: str
    folder: str
    prefix: str
    goods: int
    day: int = 0
    pg_dump: str | None = None
    patience: float = 20.0
    """Seconds; short only where a store that hangs is what is tried."""

    def now(self) -> float:
        return RealClock().now() + self.day * 86400.0

    def monotonic(self) -> float:
        return RealClock().monotonic()

    @property
    def directory(self) -> Path:
        return Path(self.folder, "backups")

    @property
    def environment(self) -> Environment:
        storage = Storage(
            endpoint=self.endpoint, access_key_id=self.id, secret_access_key=self.key,
            timeout=self.patience, patience=2,
            region="us-east-1",
        )  # fmt: skip
        backup = Backup(
            directory=str(self.directory), bucket=BUCKET, prefix=self.prefix, scratch=self.dsn,
            keep_days=1, keep_count=2,
        )  # fmt: skip
        return Environment(
            name="lab", postgres=Postgres(dsn=self.dsn), storage=storage, backup=backup
        )

    @property
    def context(self) -> Context:
        def find(name: str) -> str:
            own = self.pg_dump if name == "pg_dump" else None
            return own or f"{self.bin}/{name}"

        tools = Tools(find, {"PATH": os.defpath})
        return Context("lab", self, Redactor(), tools, lambda source: Secret(str(source)),
                       Path(self.folder))  # fmt: skip

    def bucket(self) -> client.Bucket:
        section = self.environment.storage
        assert section is not None
        return client.open_bucket(section, BUCKET, self.context)

    async def rows(self) -> list[dict[str, Any]]:
        return await catalogue(self.environment, self.context)

    async def act(self, name: str, **params: str) -> dict[str, Any]:
        """Plan, do, observe, as the executor does. Raises :class:`ActionFailure`."""
        system = connect(self.environment, self.context)
        assert system is not None
        action = next(one for one in system.actions if one.spec.name == name)
        plan = await action.plan("db", params, WORLD)
        if plan.blocked:
            raise ActionFailure(plan.blocked)
        told, done = Step(self), []
        try:
            for step in action.steps(plan):
                done.append(step)
                await step.work(told)
        except BaseException:
            for step in reversed(done):
                if step.undo is not None:
                    try:
                        await step.undo()
                    except ActionFailure:
                        continue
            raise
        seen = await action.observe(plan)
        if seen.state != "verified":
            raise ActionFailure(f"{seen.state}: {seen.by}")
        return told.kept

    def begin(self) -> subprocess.Popen[bytes]:
        """A backup in a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.backup_lab"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(self)).encode())
        process.stdin.close()
        return process


if __name__ == "__main__":
    asyncio.run(Lab(**json.load(sys.stdin)).act("backup"))
