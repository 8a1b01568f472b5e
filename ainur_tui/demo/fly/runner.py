"""Machines are processes: start, stop, restart and replace them, and watch them end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from ainur_tui.demo.child import Child, exit_code
from ainur_tui.demo.fly import checks as fly_checks
from ainur_tui.demo.fly.freezer import Freezer
from ainur_tui.demo.fly.logs import LogRing
from ainur_tui.demo.fly.machines import Machine

BACK_OFF = 0.5
LONGEST_BACK_OFF = 8.0
SETTLED = 20.0
"""Seconds a process must have run for its next end to count as the first one again."""


class Runner:
    """Runs one machine's process and keeps its record true; changes happen one after another."""

    def __init__(
        self, app: str, machine: Machine, command: Sequence[str], port: int, logs: LogRing,
        *, directory: Path, ailing: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.machine = machine
        machine.port = port
        self._app = app
        self._command = command
        self._logs = logs
        self._directory = directory
        self._ailing = ailing
        self._lock = asyncio.Lock()
        self._child: Child | None = None
        self._frozen: Freezer | None = None
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
    def awake(self) -> bool:
        """Whether its process lives and is not suspended."""
        return self.running and self._frozen is None

    @property
    def pid(self) -> int:
        """Of its process; raises ``psutil.NoSuchProcess`` when none is awake."""
        if self._child is None or not self.awake:
            raise psutil.NoSuchProcess(0)
        return self._child.pid

    async def start(self, source: str = "user") -> None:
        """Start it, unless it runs; a suspended one goes on where it was."""
        async with self._lock:
            if self._frozen is None:
                await self._launch(source)
                return
            await self._thaw()
            self.machine.ailing = self._ailing()
            self.machine.event("start", "started", source)
            self._watch()

    async def suspend(self) -> None:
        """Have its process stand still with all it remembers, until it is started again."""
        async with self._lock:
            if self._child is None or not self.awake:
                return
            self._unwatch()
            try:
                self._frozen = await Freezer.hold(self._directory, self._child.pid)
            except OSError as error:
                self._say(f"failed to suspend: {error}")
                self._watch()
                return
            if not self.running:
                await self._thaw()
                return
            self.machine.event("suspend", "suspended", "user")
            self.machine.become("suspended")
            self._say("Virtual machine has been suspended")

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
            self._child = await Child.start(
                self._command, machine.environment(self._app), self._lines
            )
        except OSError as error:
            self._say(f"failed to launch: {error.strerror}")
            machine.event("launch", "failed", "flyd")
            machine.become("stopped")
            return
        self._child.ended.add_done_callback(self._ended)
        machine.event("start", "started", source)
        self._watch()
        self._say(f"Machine started in {(time.monotonic() - self._began) * 1000:.0f}ms")

    async def _halt(self, signum: int, timeout: float) -> None:
        machine, child = self.machine, self._child
        if child is None or not child.alive:
            return
        if machine.state in {"started", "suspended"}:
            machine.become("stopping")
        await self._thaw()
        self._asked = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await machine.idle.wait()
        self._say(f" INFO Sending signal {signal.Signals(signum).name} to main child process")
        returned = await child.stop(signum, timeout)
        self._record(returned, restarting=False)

    def _watch(self) -> None:
        self._checks = asyncio.create_task(fly_checks.watch(self.machine))
        self.machine.become("started")

    def _unwatch(self) -> None:
        if self._checks:
            self._checks.cancel()
        for check in self.machine.checks.values():
            check["status"], check["output"] = "critical", "the machine isn't running"

    async def _thaw(self) -> None:
        if self._frozen is not None:
            await self._frozen.released()
            self._frozen = None

    def _ended(self, end: asyncio.Future[int]) -> None:
        self._unwatch()
        if self._frozen is not None:
            # Killed in its sleep: what else belongs to it must not sleep on.
            self._frozen.let_go()
            self._frozen = None
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
