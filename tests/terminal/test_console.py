"""The console on a real terminal, on a living system."""

from __future__ import annotations

import codecs
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers import Miniature, until
from tests.terminal.screen import Terminal

Opener = Callable[..., Terminal]

TABS = {"1": "Overview", "2": "Services", "3": "Database", "4": "Node", "5": "Logs"}
PAYLOADS = ["\x1b]52;", "\x1b]0;", "\x1b]8;;http", "\x1b]1337", "\x9b", "\u202e"]
LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"


@pytest.fixture
def console(demo: Miniature) -> Iterator[Opener]:
    opened: list[Terminal] = []

    def start(
        *words: str, size: tuple[int, int] = (120, 36), environment: dict[str, str] | None = None
    ) -> Terminal:
        found = Terminal(
            demo.program.argv(*words), demo.program.environment | (environment or {}), size
        )
        opened.append(found)
        return found

    yield start
    for terminal in opened:
        terminal.kill()


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
def test_every_tab_shows_live_data(console: Opener, size: tuple[int, int]) -> None:
    terminal = console(size=size)
    terminal.shows("Overview")
    terminal.shows("up")
    for key, words in {
        "2": r"[0-9a-f]{14}", "3": r"Sessions +1 of \d",
        "4": r"(?i)finalized", "5": r"(?i)GET|Imported",
    }.items():  # fmt: skip
        terminal.press(key)
        terminal.until(
            lambda text, words=words: re.search(words, text) is not None, 15, f"tab {key}: {words}"
        )


def test_one_useful_line_at_a_tiny_size(console: Opener) -> None:
    terminal = console(size=(20, 5))
    terminal.until(lambda text: re.search(r"(?i)up|well|ok", text) is not None, 20, "the state")


def test_no_payload_byte_reaches_the_terminal(console: Opener, demo: Miniature) -> None:
    terminal = console()
    terminal.shows("Overview")
    with demo.broken("logs-hostile"):
        for key in "51":
            terminal.press(key)
            terminal.until(
                lambda text: re.search(r"(?i)hostile|control|␛", text) is not None,
                15,
                f"hostile lines are told on tab {key}",
            )
    # A raw C1 byte would not even decode; what was read last may end within a character.
    drawn = codecs.getincrementaldecoder("utf-8")().decode(bytes(terminal.raw))
    for payload in PAYLOADS:
        assert payload not in drawn
    assert terminal.process.poll() is None


def test_the_ascii_set_is_complete(console: Opener) -> None:
    terminal = console(environment={"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"})
    terminal.until(lambda text: "up" in text.lower(), 20, "the overview")
    for key, title in TABS.items():
        terminal.press(key)
        terminal.shows(title)
    assert "\\u" not in terminal.text
    assert terminal.raw.isascii()


def test_hangup_and_termination_leave_the_terminal_as_it_was(console: Opener) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        terminal = console()
        terminal.shows("Overview")
        os.kill(terminal.process.pid, number)
        code = terminal.end()
        assert code == 128 + number
        assert LEFT_ALTERNATE_SCREEN in terminal.raw
        assert b"Traceback" not in terminal.raw


def test_a_lost_terminal_ends_the_console(console: Opener) -> None:
    terminal = console()
    terminal.shows("Overview")
    terminal.close()
    until(lambda: terminal.process.poll() is not None, 10, "the console has gone")


def test_the_console_outlives_a_killed_engine(console: Opener, demo: Miniature) -> None:
    terminal = console()
    terminal.until(lambda text: "trust" in text, 20, "the overview of a running engine")
    status = demo.program.json("engine", "status")
    os.kill(status["pid"], signal.SIGKILL)
    terminal.until(lambda text: re.search(r"(?i)engine", text) is not None, 15, "it says so")
    until(
        lambda: (
            demo.program.json("engine", "status", codes=(0, 69)).get("pid")
            not in {None, status["pid"]}
        ),
        20,
        "a new engine",
    )
    terminal.press("2")
    terminal.until(lambda text: re.search(r"[0-9a-f]{14}", text) is not None, 20, "live data again")


def test_restart_by_key_survives_the_loss_of_the_terminal(console: Opener, demo: Miniature) -> None:
    known = {entry["id"] for entry in demo.program.json("journal")["entries"]}

    def kinds() -> list[str]:
        return [e["kind"] for e in demo.program.json("journal")["entries"] if e["id"] not in known]

    terminal = console()
    terminal.until(lambda text: "up" in text.lower(), 20, "the overview")
    terminal.press("2")
    terminal.until(lambda text: re.search(r"[0-9a-f]{14}", text) is not None, 20, "machines")
    terminal.press(":")
    # Not the API: the loop guard would ask why it is restarted a third time in ten minutes.
    terminal.press("restart node")
    terminal.shows("Restart node")
    terminal.press("\r")
    terminal.until(lambda text: re.search(r"\by\b", text) is not None, 15, "the plan")
    until(lambda: _confirmed(terminal, kinds), 20, "the intent is written")
    terminal.process.send_signal(signal.SIGKILL)
    terminal.close()
    until(lambda: "result" in kinds(), 90, "the engine finished it")
    assert kinds().count("intent") == 1
    again = console()
    again.until(lambda text: "restart" in text.lower(), 20, "the action is told afterwards")


def _confirmed(terminal: Terminal, kinds: Callable[[], list[str]]) -> bool:
    """Press ``y`` until the journal has an intent: the type-ahead guard drops early keys."""
    if "intent" in kinds():
        return True
    terminal.press("y")
    terminal.pump(0.2)
    return "intent" in kinds()


def test_no_secret_anywhere(console: Opener, demo: Miniature) -> None:
    secrets = [path.read_text().strip() for path in (demo.directory / "secrets").iterdir()]
    words = {re.sub(r".*://[^:]*:([^@]*)@.*", r"\1", secret, flags=re.S) for secret in secrets}
    assert words
    terminal = console()
    for key, title in TABS.items():
        terminal.press(key)
        terminal.shows(title)
    outputs = [
        terminal.raw.decode("utf-8", "replace"),
        json.dumps(demo.check()),
        demo.program.run("config", "show").stdout,
        demo.program.run("doctor").stdout,
        demo.program.run("journal").stdout,
        demo.program.run("logs").stdout,
        *_files(demo.directory / "state"),
        *_files(demo.directory / "run"),
        *_files(demo.program.home),
        *_command_lines(),
    ]
    for word in words:
        assert not any(word in output for output in outputs)


def _files(directory: Path) -> list[str]:
    return [
        path.read_bytes().decode("utf-8", "replace")
        for path in directory.rglob("*")
        if path.is_file()
    ]


def _command_lines() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return found
