"""The host's service manager in miniature: runs the units of DIR/units.json, keeps their journal.

``DIR/bin/systemctl`` and ``DIR/bin/journalctl`` talk to it over a local port: one JSON line with
the words there, JSON lines ``[stream, text]`` and at last ``["exit", code]`` back.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from ainur_tui.demo.service import arguments, run, until_stopped
from ainur_tui.demo.units.journal import Journal
from ainur_tui.demo.units.standin import write_scripts
from ainur_tui.demo.units.tools import Journalctl, Systemctl, UsageError, Write
from ainur_tui.demo.units.unit import Unit


class Manager:
    """The units, their journal, and the answers to the stand-ins."""

    def __init__(self, spec: dict[str, dict[str, object]]) -> None:
        journal = Journal()
        made = [Unit(name, _argv(unit), _env(unit), journal) for name, unit in spec.items()]
        self.units = {unit.name: unit for unit in made}
        self._tools: dict[str, Callable[[list[str], Write], Awaitable[int]]] = {
            "systemctl": Systemctl(self.units).run,
            "journalctl": Journalctl(journal).run,
        }

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one stand-in until it is answered or has gone."""
        left = None
        with suppress(ConnectionError, ValueError):
            if line := await reader.readline():
                asked = json.loads(line)
                answering = asyncio.ensure_future(self._answer(asked, writer))
                # A follower says nothing more: the end of its words is the end of its process.
                left = asyncio.ensure_future(reader.read())
                await asyncio.wait({answering, left}, return_when=asyncio.FIRST_COMPLETED)
                answering.cancel()
                with suppress(asyncio.CancelledError):
                    await answering
        if left:
            left.cancel()
        writer.close()

    async def _answer(self, asked: dict[str, object], writer: asyncio.StreamWriter) -> None:
        async def write(stream: str, what: str | int) -> None:
            writer.write(json.dumps([stream, what]).encode() + b"\n")
            await writer.drain()

        argv = [str(word) for word in asked["argv"]] if isinstance(asked["argv"], list) else []
        try:
            code = await self._tools[str(asked["tool"])](argv, write)
        except UsageError as error:
            await write("err", f"{error}\n")
            code = 1
        await write("exit", code)

    async def close(self) -> None:
        """Stop every unit."""
        await asyncio.gather(*(unit.stop() for unit in self.units.values()))


def _argv(unit: dict[str, object]) -> list[str]:
    command = unit["command"]
    return [str(word) for word in command] if isinstance(command, list) else []


def _env(unit: dict[str, object]) -> dict[str, str]:
    env = unit.get("env")
    return {str(k): str(v) for k, v in env.items()} if isinstance(env, dict) else {}


async def main(directory: Path) -> None:
    """Run the units until told to stop."""
    spec = json.loads((directory / "units.json").read_text())
    manager = Manager(spec["units"])
    write_scripts(directory / "bin", spec["port"])
    server = await asyncio.start_server(manager.talk, "127.0.0.1", spec["port"], limit=2**20)
    await asyncio.gather(*(unit.start() for unit in manager.units.values()))
    await until_stopped()
    server.close()
    await manager.close()


if __name__ == "__main__":
    sys.exit(run(main(arguments("ainur_tui.demo.units").dir)))
