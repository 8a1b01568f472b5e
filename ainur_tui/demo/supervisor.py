"""``python -m ainur_tui.demo.supervisor --dir DIR --seed N``: a whole miniature, in the foreground.

Prints one JSON line when everything is well, and leaves no process when it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from ainur_tui.demo import configfile, control, credentials, disk, service, wheel
from ainur_tui.demo.keeper import Keeper
from ainur_tui.demo.layout import Layout, free_ports
from ainur_tui.demo.readiness import Readiness
from ainur_tui.demo.scenarios import SCENARIOS, play
from ainur_tui.demo.switches import Switches

PATIENCE = 60.0
FAILED, BUSY = 69, 75
USERS = ("workload", "dbfaults")
"""Started when the API is well and stopped first: coming and going makes no trouble."""


def say(text: str) -> None:
    """A line for people."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def place(directory: Path) -> Iterator[None]:
    """The directory, ours alone; removed at the end if we made it. ``BlockingIOError``: taken."""
    made = not directory.exists()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        disk.release(directory)
        try:
            yield
        finally:
            disk.release(directory)
            wheel.discard(directory / "postgres")
            if made:
                shutil.rmtree(directory, ignore_errors=True)


class Supervisor:
    """Starts, watches and stops one miniature."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._switches = Switches(layout.directory)
        self._keepers = {
            name: Keeper(name, argv, layout.directory, say)
            for name, argv in layout.processes().items()
        }

    async def run(self, scenario: str | None) -> int:
        """Until a signal comes."""
        stopped = asyncio.create_task(service.until_stopped())
        faults = await service.serve(
            control.application(self._switches), self._layout.ports["faults"], grace=1.0
        )
        rising = asyncio.create_task(self._rise())
        drill: asyncio.Task[None] | None = None
        try:
            await asyncio.wait([stopped, rising], return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                rising.result()
                if scenario:
                    drill = asyncio.create_task(play(scenario, self._switches, say))
                await stopped
        except TimeoutError as error:
            say(str(error))
            return FAILED
        finally:
            for task in (rising, drill):
                if task is not None:
                    task.cancel()
            await self._fall()
            await faults.cleanup()
        return 0

    async def _rise(self) -> None:
        """Start everything, wait until it is well, say so on stdout."""
        for name, keeper in self._keepers.items():
            if name not in USERS:
                await keeper.start()
        async with aiohttp.ClientSession() as http:
            readiness = Readiness(self._layout, http)
            await readiness.until_well(PATIENCE, say)
            for name in USERS:
                await self._keepers[name].start()
            self._announce(await readiness.machines())

    def _announce(self, machines: list[str]) -> None:
        layout = self._layout
        config = layout.directory / "config.toml"
        credentials.write(config, configfile.config_text(layout))
        first = json.dumps(
            {
                "version": 1,
                "config": str(config),
                "pid": os.getpid(),
                "seed": layout.seed,
                "endpoints": layout.endpoints(machines),
            }
        )
        credentials.write(layout.directory / "endpoints.json", first)
        sys.stdout.write(first + "\n")
        sys.stdout.flush()

    async def _fall(self) -> None:
        """Users first, the platform with the database in it last."""
        keepers = self._keepers
        await asyncio.gather(*(keepers[name].stop() for name in USERS))
        others = [keeper for name, keeper in keepers.items() if name not in {*USERS, "fly"}]
        await asyncio.gather(*(keeper.stop() for keeper in others))
        await keepers["fly"].stop()


def run(directory: Path, seed: int, scenario: str | None = None) -> int:
    """Run a miniature in ``directory`` until SIGINT or SIGTERM; the exit code."""
    directory = directory.expanduser().resolve()
    # Whatever is made here is ours alone.
    os.umask(0o077)
    try:
        with place(directory):
            layout = Layout(directory, seed, free_ports())
            layout.make()
            return service.run(Supervisor(layout).run(scenario))
    except BlockingIOError:
        say(f"another miniature runs in {directory}")
        return BUSY


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ainur_tui.demo.supervisor")
    parser.add_argument("--dir", type=Path, required=True, help="the miniature's directory")
    parser.add_argument("--seed", type=int, default=1, help="of its rows, users and chain")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), help="a drill to play")
    given = parser.parse_args(argv)
    return run(given.dir, given.seed, given.scenario)


if __name__ == "__main__":
    sys.exit(main())
