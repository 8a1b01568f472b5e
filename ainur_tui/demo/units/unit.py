"""A unit as systemd runs it: started, stopped, brought back when it fails, told in properties."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ainur_tui.demo.child import Child, exit_code
from ainur_tui.demo.units.journal import Journal

RESTART_AFTER = 0.5
STOP_TIMEOUT = 10.0


def stamp(at: float | None) -> str:
    """A time as systemd prints it, empty for never."""
    return f"{datetime.fromtimestamp(at, UTC):%a %Y-%m-%d %H:%M:%S UTC}" if at else ""


class Unit:
    """One service. ``start`` and ``stop`` return when it is done."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], journal: Journal
    ) -> None:
        self.name = f"{name}.service"
        self.active, self.sub, self.result = "inactive", "dead", "success"
        self.description = f"{name.replace('-', ' ').capitalize()}"
        self.restarts = 0
        self._command = list(command)
        self._env = dict(env)
        self._journal = journal
        self._child: Child | None = None
        self._lock = asyncio.Lock()
        self._asked = False
        self._began: float | None = None
        self._changed: float | None = None
        self._ended: float | None = None
        self._code, self._signal = 0, 0
        self._revival: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The main process, 0 when there is none."""
        return self._child.pid if self._child and self._child.alive else 0

    def _become(self, active: str, sub: str) -> None:
        self.active, self.sub, self._changed = active, sub, time.time()

    def _say(self, text: str) -> None:
        self._journal.write(self.name, 1, "systemd", [text.encode()], manager=True)

    def _lines(self, lines: list[bytes]) -> None:
        pid = self._child.pid if self._child else 0
        self._journal.write(self.name, pid, self.name.removesuffix(".service"), lines)

    async def start(self) -> bool:
        """Start it; whether it runs."""
        async with self._lock:
            if not self.pid:
                self.restarts = 0
                await self._launch()
            return self.pid != 0

    async def stop(self) -> None:
        """Stop it and wait until it has ended."""
        async with self._lock:
            await self._halt()

    async def restart(self) -> bool:
        """Stop and start; whether it runs."""
        async with self._lock:
            await self._halt()
            self.restarts = 0
            await self._launch()
            return self.pid != 0

    async def _launch(self) -> None:
        self._become("activating", "start")
        self._asked = False
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        try:
            self._child = await Child.start(
                self._command, inherited | {"LANG": "C.UTF-8"} | self._env, self._lines
            )
        except OSError as error:
            self._say(f"{self.name}: Failed to spawn: {error.strerror}")
            self.result = "resources"
            self._become("failed", "failed")
            return
        self._child.ended.add_done_callback(self._end)
        self._began, self.result = time.time(), "success"
        self._become("active", "running")
        self._say(f"Started {self.name} - {self.description}.")

    async def _halt(self) -> None:
        if self._revival:
            self._revival.cancel()
        self._asked = True
        if self._child and self._child.alive:
            self._become("deactivating", "stop-sigterm")
            self._say(f"Stopping {self.name} - {self.description}...")
            await self._child.stop(signal.SIGTERM, STOP_TIMEOUT)
            self._say(f"{self.name}: Deactivated successfully.")
            self._say(f"Stopped {self.name} - {self.description}.")
        self._become("inactive", "dead")

    def _end(self, end: asyncio.Future[int]) -> None:
        returned = end.result()
        self._ended, self._code = time.time(), exit_code(returned)
        self._signal = -returned if returned < 0 else 0
        if self._asked:
            return
        how = "killed" if self._signal else "exited"
        status = (
            f"{self._signal}/{signal.Signals(self._signal).name[3:]}"
            if self._signal
            else (f"{self._code}/{'SUCCESS' if self._code == 0 else 'FAILURE'}")
        )
        self._say(f"{self.name}: Main process exited, code={how}, status={status}")
        self.result = "signal" if self._signal else "exit-code" if self._code else "success"
        self._say(f"{self.name}: Failed with result '{self.result}'.")
        self._become("activating", "auto-restart")
        self._revival = asyncio.create_task(self._revive())

    async def _revive(self) -> None:
        await asyncio.sleep(RESTART_AFTER)
        async with self._lock:
            if self.sub == "auto-restart":
                self.restarts += 1
                self._say(
                    f"{self.name}: Scheduled restart job, restart counter is at {self.restarts}."
                )
                await self._launch()

    def properties(self) -> dict[str, str]:
        """What ``systemctl show`` tells, in systemd's forms."""
        pid = self.pid
        memory, tasks, cpu = _usage(pid)
        return {
            "Type": "simple",
            "Restart": "always",
            "RestartUSec": "500ms",
            "ExecStart": f"{{ path={self._command[0]} ; argv[]={' '.join(self._command)} ;"
            f" ignore_errors=no ; pid={pid} }}",
            "MainPID": str(pid),
            "Result": self.result,
            "NRestarts": str(self.restarts),
            "ExecMainStartTimestamp": stamp(self._began),
            "ExecMainExitTimestamp": stamp(None if pid else self._ended),
            "ExecMainPID": str(self._child.pid if self._child else 0),
            "ExecMainCode": str(0 if pid else 2 if self._signal else 1),
            "ExecMainStatus": str(0 if pid else self._signal or self._code),
            "MemoryCurrent": memory,
            "CPUUsageNSec": cpu,
            "TasksCurrent": tasks,
            "MemoryMax": "infinity",
            "Id": self.name,
            "Names": self.name,
            "Description": self.description,
            "LoadState": "loaded",
            "ActiveState": self.active,
            "SubState": self.sub,
            "FragmentPath": f"/etc/systemd/system/{self.name}",
            "UnitFileState": "enabled",
            "StateChangeTimestamp": stamp(self._changed),
            "ActiveEnterTimestamp": stamp(self._began),
            "InactiveEnterTimestamp": stamp(self._ended),
        }


def _usage(pid: int) -> tuple[str, str, str]:
    with suppress(OSError, IndexError, ValueError):
        if pid:
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks = int(stat[11]) + int(stat[12])
            nanoseconds = ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
            return str(resident * os.sysconf("SC_PAGE_SIZE")), stat[17], str(nanoseconds)
    return "[not set]", "[not set]", "[not set]"
