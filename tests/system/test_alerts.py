"""Alerts from the fault to their end, over the death of the engine; and a Prometheus beside us."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from ainur_tui.client.remote import Remote
from tests.engine.engines import hello
from tests.helpers import Miniature, Program, until
from tests.terminal.screen import Terminal

REFUSED, LOGGED, FOREIGN = "StorageRefusesWrites", "StorageFailuresLogged", "ServerErrors"
QUICK = """
[environment.demo.alerts]
change.StorageRefusesWrites = { hold = 1, keep_firing = 1 }
change.StorageFailuresLogged = { hold = 1 }
[[environment.demo.logs.files]]
name = "uploads"
target = "api"
path = "LOG"
"""
"""Our rules wait a minute: that is tested on a clock of our own."""


class Watch:
    """An engine of its own over the session's miniature: it is killed, and nobody else's."""

    def __init__(self, demo: Miniature, folder: Path) -> None:
        text = demo.program.config.read_text()
        for name in ("state", "run"):
            text = re.sub(rf'_dir = ".*/{name}(time)?"', f'_dir = "{folder}/{name}"', text)
        self.log = folder / "uploads.log"
        self.log.touch()
        config = folder / "config.toml"
        config.write_text(text + QUICK.replace("LOG", str(self.log)))
        config.chmod(0o600)
        self.socket = folder / "run" / "engine.sock"
        self.program: Program = replace(demo.program, config=config)
        self._engine: Popen[str] | None = None

    def start(self) -> None:
        self._engine = self.program.start("engine", "--stay")
        until(self.socket.exists, 30, "the engine listens")

    def kill(self) -> None:
        """As ``kill -9``."""
        if self._engine is not None:
            self._engine.kill()
            self._engine.communicate()
        self.socket.unlink(missing_ok=True)

    def fail_uploads(self) -> None:
        """As the service tells of an upload that failed."""
        with self.log.open("a") as file:
            for number in range(4):
                at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                said = {"time": at, "level": "ERROR", "msg": "PutObject failed", "n": number,
                        "bucket": "ainur-agents-prod", "err": "SlowDown: 503"}  # fmt: skip
                file.write(json.dumps(said) + "\n")

    def alert(self, name: str) -> dict[str, Any] | None:
        """The alert of that name that fires."""
        found = self.program.json("alerts")["alerts"]
        every = [one for line in found for one in (line, *line["folded"])]
        return next((a for a in every if (a["name"], a["state"]) == (name, "firing")), None)

    def told(self, name: str) -> list[str]:
        """What happened to it, in order, as all that read the board are told."""

        async def ask() -> list[str]:
            async with await Remote.open(self.socket, hello("read")) as remote:
                events = (await remote.call("board")).events
            keys = [one.key.split(":") for one in events if one.kind == "alert"]
            return [key[3] for key in keys if key[:2] == ["alert", name]]

        return asyncio.run(ask())


@pytest.fixture
def watch(demo: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    made = Watch(demo, tmp_path_factory.mktemp("al"))
    made.start()
    yield made
    made.kill()


def test_from_the_fault_to_its_end_over_a_killed_engine(demo: Miniature, watch: Watch) -> None:
    program = watch.program
    with demo.broken("api-5xx"), demo.broken("storage-refuses-writes"):
        watch.fail_uploads()
        fired = until(lambda: watch.alert(REFUSED), 60, "the refused write fires")
        until(lambda: watch.alert(LOGGED), 60, "the logged failures fire")

        acked = program.json("alerts", "ack", REFUSED, "--reason", "on it")["alert"]
        assert acked["ack"]["comment"] == "on it"
        silence = ("alerts", "silence", LOGGED, "api", "--for", "1h", "--reason", "known")
        forecast = program.json(*silence, "--dry-run")
        assert [one["name"] for one in forecast["mutes"]] == [LOGGED]
        assert forecast["silence"] is None
        assert program.json(*silence)["silence"]["reason"] == "known"

        until(lambda: watch.alert(FOREIGN), 60, "the Prometheus's own rule fires")
        _shown_in_a_console(program)
        watch.kill()
        watch.start()
        again = until(lambda: watch.alert(REFUSED), 60, "it still fires")
        assert again["since"] == fired["since"]
        assert again["ack"]["comment"] == "on it"
        muted = until(lambda: watch.alert(LOGGED), 60, "the logged failures still fire")
        assert muted["silence"]["reason"] == "known"
    until(lambda: "resolved" in watch.told(REFUSED), 60, "it is over")
    assert watch.told(REFUSED) == ["firing", "resolved"], "once each, though two engines saw it"
    assert watch.alert(REFUSED) is None


def _shown_in_a_console(program: Program) -> None:
    terminal = Terminal(program.argv(), program.environment, (120, 36))
    try:
        terminal.shows("Overview", 30)
        terminal.press("6F")
        terminal.shows(FOREIGN, 30)
        terminal.press("i")
        terminal.shows("Rules and silences", 30)
        terminal.press("/")
        terminal.shows("Esc clears it", 30)
        terminal.press(FOREIGN)
        terminal.press("\r")
        terminal.until(lambda text: "prometheus" in text and FOREIGN in text, 30, "its rule")
    finally:
        terminal.kill()
