"""Drills at the console: ``python -m tests.faults.drills [NAME …]`` prints keys and seconds.

A fault is on, the console is opened on a terminal, and the playbook that it proposes is worked
through by keys until it says that the trouble is verified to be over. Beside it stands what the
guide wants typed for the same.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.helpers import Miniature, miniature, until
from tests.terminal.screen import Terminal

ENTER, PAGE_DOWN = "\r", "\x1b[6~"
GOES_ON = re.compile(r"\d+-(\d+) of (\d+), Up Down")
"""A plan that is longer than the screen: to be read to its end before a name is typed."""
AGAIN = "run it with this reason"
READ = 0.8
"""Seconds a person looks at a step or a plan at the least; keys typed before are dropped anyway."""

BACK = ("run", "scale", "api", "--param", "count=2", "--reason", "after a drill", "--yes")


@dataclass(frozen=True)
class Drill:
    """``fault`` is ended by the right action, or ``outside``: by what a step asks a person for.
    ``title`` is the playbook's, ``skips`` the steps that are skipped with a reason. ``guide`` is
    what the guide has typed for it, ``before`` what the fault needs to be there, ``beside`` other
    faults, ``undo`` what brings the miniature back to what it was. With ``command`` it is not
    proposed (another one is), so it is worked through by name."""

    fault: str
    title: str
    guide: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()
    outside: bool = False
    ready: Callable[[Miniature], bool] = lambda _: True
    before: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()


@dataclass
class Handling:
    """How a drill was handled: every key, and the seconds from the console's start to the verdict;
    ``waited`` of them went by while nothing was to be decided."""

    keys: list[str] = field(default_factory=list)
    seconds: float = 0.0
    waited: float = 0.0


def idle_long_enough(mini: Miniature) -> bool:
    """Whether the idle sessions are what the playbook ends."""
    signals = next(t for t in mini.check("--fresh")["targets"] if t["target"] == "db")["signals"]
    ages = {s["name"]: s["value"] or 0 for s in signals}
    return bool(ages["db.idle_in_transaction.oldest"] > 11)


DRILLS = {
    "api-down": Drill(
        "api-hung", "API down",
        ('curl -f https://zerostate-api.fly.dev/health || echo "CONFIRMED: API DOWN"',
         "fly status --app zerostate-api", "fly logs --app zerostate-api | tail -50",
         "fly restart --app zerostate-api", "sleep 30",
         "curl -f https://zerostate-api.fly.dev/health"),
    ),
    "database": Drill(
        "db-pool-held", "Database in trouble",
        ('psql $DATABASE_URL -c "SELECT 1;" || echo "DB CONNECTION FAILED"',
         "fly postgres db status --app ainur-db",
         'psql $DATABASE_URL -c "SELECT count(*) FROM pg_stat_activity;"',
         'psql $DATABASE_URL -c "\nSELECT pg_terminate_backend(pid)\nFROM pg_stat_activity\n'
         "WHERE state = 'idle in transaction'\nAND query_start < NOW() - INTERVAL '1 hour';\"",
         'psql $DATABASE_URL -c "SELECT count(*) FROM pg_stat_activity;"'),
        ready=idle_long_enough,
    ),
    "latency": Drill(
        "api-overload", "API slow",
        ("curl https://zerostate-api.fly.dev/metrics/summary | jq '.http.average_response_time'",
         'psql $DATABASE_URL -c "\nSELECT query, calls, total_time, mean_time\n'
         'FROM pg_stat_statements\nORDER BY mean_time DESC\nLIMIT 10;"',
         "fly scale count +1 --app zerostate-api",
         "watch -n 5 'curl -s https://zerostate-api.fly.dev/metrics/summary"
         ' | jq ".http.average_response_time"\'', "\x03"),
        undo=BACK,
    ),
    "bad-release": Drill("api-bad-release", "API down"),
    "latency-idle": Drill(
        "api-overload", "API slow", beside=("db-session-forgotten",), ready=idle_long_enough,
        undo=BACK,
    ),
    "latency-cancel": Drill(
        "db-statement-slow", "API slow", command=("playbook", "run", "latency", "--yes"),
        ready=lambda mini: mini.state("db", "--fresh") == "degraded",
    ),
    "machine": Drill("api-machine-hung", "API down"),
    "machine-lost": Drill(
        "api-machine-down", "API down", undo=BACK,
        skips=("Restart the machine that does not serve",
               "Restart its machines, one after another"),
    ),
    "statement": Drill("db-statement-slow", "Database in trouble"),
    "session": Drill("db-statement-slow", "Database in trouble",
                     skips=("Cancel the statement that holds up the others",)),
    "leaked": Drill("db-connections-leaked", "Database in trouble"),
    "slot": Drill("db-slot-abandoned", "Disk filling"),
    "disk": Drill("disk-filling", "Disk filling", before=("backup", "create")),
    "node": Drill("node-hung", "Node behind"),
    "node-stalled": Drill("node-stalled", "Node behind", skips=("Restart the node",), outside=True),
    "certificate": Drill("frontend-certificate-expired", "Certificate", outside=True),
    "api-certificate": Drill("api-certificate-expired", "API certificate", outside=True),
    "uploads": Drill("storage-full-of-uploads", "Storage failing"),
    "storage": Drill("storage-refuses-writes", "Storage failing", outside=True),
}  # fmt: skip


def handle(mini: Miniature, drill: Drill, size: tuple[int, int] = (80, 24)) -> Handling:
    """Break, open the console, and do what it says until it is verified."""
    found = Handling()
    if drill.before:
        assert mini.program.run(*drill.before).returncode == 0
    with ExitStack() as broken:
        for fault in (drill.fault, *drill.beside):
            broken.enter_context(mini.broken(fault))
        until(lambda: drill.ready(mini), 60, f"{drill.fault} bites")
        if drill.command:
            begun = time.monotonic()
            done = mini.program.run(*drill.command, timeout=180)
            assert done.returncode == 0, done.stderr
            found.seconds = time.monotonic() - begun
            return found
        terminal = Terminal(mini.program.argv(), mini.program.environment, size)
        try:
            begun = time.monotonic()
            terminal.shows(f"Playbook: {drill.title}", 60)
            found.waited = time.monotonic() - begun
            _press(terminal, found, "p")
            while not over(terminal.text):
                terminal.until(
                    lambda text: at_hand(text) is not None or over(text) or AGAIN in text, 120,
                    "a step for a person, or the verdict",
                )  # fmt: skip
                if AGAIN in terminal.text:  # the drill before did the same a short while ago
                    _read(terminal)
                    _press(terminal, found, "drill" + ENTER)
                    terminal.until(lambda text: AGAIN not in text, 30, "the reason is taken")
                elif not over(terminal.text):
                    _decide(terminal, found, mini, drill)
            assert "VERIFIED: " in terminal.text, terminal.text
            found.seconds = time.monotonic() - begun
        finally:
            terminal.kill()
    if drill.undo:
        until(lambda: mini.state("api", "--fresh") == "up", 90, "the API is well again")
        undone = mini.program.run(*drill.undo)
        assert undone.returncode == 0, undone.stderr
    return found


def over(text: str) -> bool:
    """Whether the screen tells how the playbook ended."""
    return re.search(r"^\W*(VERIFIED|FAILED|ABORTED|NOT NEEDED): ", text, re.MULTILINE) is not None


def at_hand(text: str) -> tuple[str, str] | None:
    """Mark (``?`` yours, ``!`` stuck) and title of the step that waits for a person."""
    found = re.search(r"(\?) yours +(\S.*?)(?:  |$)|(!) stuck +(\S.*?)(?:  |$)", text, re.MULTILINE)
    return (found[1] or found[3], found[2] or found[4]) if found else None


def _decide(terminal: Terminal, found: Handling, mini: Miniature, drill: Drill) -> None:
    """Skip the step at hand with a reason, say that it is done, or read and accept its plan."""
    _read(terminal)
    step = at_hand(terminal.text)
    if step is None:
        return
    mark, title = step
    asks = "it is done" in terminal.text
    if drill.outside and (asks or title in drill.skips):
        mini.fault(drill.fault, clear=True)
    if title in drill.skips:
        while "Skip: " not in terminal.text:  # a key that comes too early is dropped: once more
            _press(terminal, found, "s")
            _read(terminal)
        _read(terminal)
        _press(terminal, found, "drill" + ENTER)
    elif asks:
        _press(terminal, found, ENTER)
    elif mark == "!":
        _press(terminal, found, "r")
    else:
        _press(terminal, found, ENTER)
        confirm = re.compile(r"(y|Enter) run it|type (\S+) to confirm")
        terminal.until(lambda text: bool(confirm.search(text)) or over(text), 30, "the plan")
        if over(terminal.text):
            return
        _read(terminal)
        if (asked := confirm.search(terminal.text)) is None:
            return
        while asked[2] and (below := GOES_ON.search(terminal.text)) and below[1] != below[2]:
            _press(terminal, found, PAGE_DOWN)
            _read(terminal)
        keys = {"y": "y", "Enter": ENTER}
        _press(terminal, found, keys[asked[1]] if asked[1] else asked[2] + ENTER)
    terminal.until(lambda text: over(text) or ("Esc" in text and at_hand(text) != step), 60,
                   f"{title} is decided")  # fmt: skip


def _read(terminal: Terminal) -> None:
    end = time.monotonic() + READ
    while time.monotonic() < end:
        terminal.pump()


def _press(terminal: Terminal, found: Handling, keys: str) -> None:
    found.keys += keys
    terminal.press(keys)


def by_hand(drill: Drill) -> int:
    """Keystrokes of the guide's commands, each with its Enter."""
    return sum(len(command) + 1 for command in drill.guide)


def table(handled: dict[str, Handling]) -> str:
    lines = [f"{'playbook':<12}{'keys':>6}{'seconds':>9}{'to the proposal':>17}{'guide: keys':>13}"]
    for name, one in handled.items():
        hand = by_hand(DRILLS[name]) or "-"
        lines.append(
            f"{name:<12}{len(one.keys):>6}{one.seconds:>9.1f}{one.waited:>17.1f}{hand:>13}"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Work through playbooks at the console.")
    parser.add_argument("names", nargs="*", choices=[[], *DRILLS], metavar="NAME")
    names = parser.parse_args().names or list(DRILLS)
    handled = {}
    with (
        tempfile.TemporaryDirectory(prefix="ainur-drills-") as folder,
        miniature(Path(folder)) as mini,
    ):
        for name in names:
            until(lambda: mini.check("--fresh")["state"] == "up", 90, "the miniature is well")
            handled[name] = handle(mini, DRILLS[name])
            print(f"{name}: {''.join(handled[name].keys)!r}", file=sys.stderr, flush=True)
    print(table(handled))
    short = [one for name, one in handled.items() if DRILLS[name].guide]
    return int(any(len(one.keys) > 8 or one.seconds > 60 for one in short))


if __name__ == "__main__":
    sys.exit(main())
