"""Machines are processes: start, stop, restart and replace them, and watch them end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence

import psutil

from ainur_tui.demo import fly_checks
from ainur_tui.demo.child import Child, exit_code
from ainur_tui.demo.fly_logs import LogRing
from ainur_tui.demo.fly_machines import Machine
from ainur_tui.demo.service import SUPERVISOR

BACK_OFF = 0.5
LONGEST_BACK_OFF = 8.0
SETTLED = 20.0
"""Seconds a process must have run for its next end to count as the first one again."""
INHERITED = ("PATH", "LANG", "HOME", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR", SUPERVISOR)


class Runner:
    """Runs one machine's process and keeps its record true; changes happen one after another."""

    def __init__(
        self, app: str, machine: Machine, command: Sequence[str], port: int, logs: LogRing,
        *, ailing: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.machine = machine
        machine.port = port
        self._app = app
        self._command = command
        self._logs = logs
        self._ailing = ailing
        self._lock = asyncio.Lock()
        self._child: Child | None = None
        self._asked = False
        self._began = 0.0
        self._quick_ends = 0
        self._revival: asyncio.Task[None] | None = None
        self._checks: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int:
        """Of its process; raises ``psutil.NoSuchProcess`` when there is none."""
        if self._child is None or not self._child.alive:
            raise psutil.NoSuchProcess(0)
        return self._child.pid

    async def start(self, source: str = "user") -> None:
        """Start it, unless it runs."""
        async with self._lock:
            await self._launch(source)

    async def stop(self, signum: int = signal.SIGINT, timeout: float = 10.0) -> None:
        """Take it out of routing, let requests finish, signal, and kill after ``timeout`` s."""
        async with self._lock:
            await self._halt(signum, timeout)
            self.machine.become("stopped")

    async def restart(self, signum: int = signal.SIGINT, timeout: float = 10.0) -> None:
        """Stop and start in place."""
        async with self._lock:
            self.machine.event("restart", "restarting", "user")
            await self._halt(signum, timeout)
            await self._launch("user")

    async def replace(self, *, launch: bool) -> None:
        """End the process of the version before, and start the present one."""
        async with self._lock:
            await self._halt(signal.SIGINT, 10.0)
            if launch:
                await self._launch("user")
            else:
                self.machine.become("stopped")

    async def destroy(self) -> None:
        """Stop it for good."""
        async with self._lock:
            await self._halt(signal.SIGINT, 5.0)
            self.machine.event("destroy", "destroyed", "user")
            self.machine.become("destroyed")

    def signal(self, signum: int) -> None:
        """Send a signal to the process, as it is."""
        if self._child:
            self._child.send(signum)

    def crash(self) -> None:
        """Kill the process as nobody asked for; the restart policy decides what follows."""
        if self._child:
            self._child.kill()

    async def _launch(self, source: str) -> None:
        machine = self.machine
        if self.running or machine.state == "destroyed":
            return
        machine.become("starting")
        fly_checks.reset(machine)
        machine.ailing = self._ailing()
        self._asked, self._began = False, time.monotonic()
        try:
            self._child = await Child.start(self._command, self._environment(), self._lines)
        except OSError as error:
            self._say(f"failed to launch: {error.strerror}")
            machine.event("launch", "failed", "flyd")
            machine.become("stopped")
            return
        self._child.ended.add_done_callback(self._ended)
        self._checks = asyncio.create_task(fly_checks.watch(machine))
        machine.event("start", "started", source)
        machine.become("started")
        self._say(f"Machine started in {(time.monotonic() - self._began) * 1000:.0f}ms")

    async def _halt(self, signum: int, timeout: float) -> None:
        machine, child = self.machine, self._child
        if child is None or not child.alive:
            return
        if machine.state == "started":
            machine.become("stopping")
        self._asked = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await machine.idle.wait()
        self._say(f" INFO Sending signal {signal.Signals(signum).name} to main child process")
        returned = await child.stop(signum, timeout)
        self._record(returned, restarting=False)

    def _ended(self, end: asyncio.Future[int]) -> None:
        if self._checks:
            self._checks.cancel()
        for check in self.machine.checks.values():
            check["status"], check["output"] = "critical", "the machine isn't running"
        if self._asked:
            return
        machine, returned = self.machine, end.result()
        policy = (machine.config.get("restart") or {}).get("policy", "always")
        again = policy == "always" or (policy == "on-failure" and returned != 0)
        again = again and not machine.held
        settled = time.monotonic() - self._began > SETTLED
        self._quick_ends = 1 if settled else self._quick_ends + 1
        machine.restarts += again
        machine.become("restarting" if again else "stopped")
        self._record(returned, restarting=again)
        if again:
            self._revival = asyncio.create_task(self._revive())

    async def _revive(self) -> None:
        await asyncio.sleep(min(BACK_OFF * 2 ** (self._quick_ends - 1), LONGEST_BACK_OFF))
        async with self._lock:
            if self.machine.state != "restarting":
                return
            if self.machine.held:
                self.machine.become("stopped")
            else:
                await self._launch("flyd")

    def _record(self, returned: int, *, restarting: bool) -> None:
        signum = -returned if returned < 0 else None
        code = exit_code(returned)
        how = f"signal {signum}" if signum else f"code {code}"
        self._say(f" INFO Main child exited with {how}")
        self.machine.exited(code, signum, asked=self._asked, restarting=restarting)

    def _environment(self) -> dict[str, str]:
        machine = self.machine
        given = {str(k): str(v) for k, v in (machine.config.get("env") or {}).items()}
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **machine.secrets,
            **given,
            "PORT": str(machine.port),
            "FLY_APP_NAME": self._app,
            "FLY_MACHINE_ID": machine.id,
            "FLY_ALLOC_ID": machine.id,
            "FLY_MACHINE_VERSION": machine.instance_id,
            "FLY_REGION": machine.region,
            "FLY_IMAGE_REF": machine.config["image"],
            "FLY_PROCESS_GROUP": "app",
        }

    def _lines(self, lines: list[bytes]) -> None:
        self._logs.add(self.machine.id, lines)

    def _say(self, text: str) -> None:
        self._logs.add(self.machine.id, [text.encode()])

    async def close(self) -> None:
        """End the process and everything that watches it."""
        self.machine.held = True
        if self._revival:
            self._revival.cancel()
        await self.stop(timeout=5.0)
