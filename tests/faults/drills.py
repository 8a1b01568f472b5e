"""Drills at the console: ``python -m tests.faults.drills`` prints keys and seconds of each.

A fault is on, the console is opened on a terminal, and the playbook that it proposes is worked
through by keys until it says that the trouble is verified to be over. Beside it stands what the
guide wants typed for the same.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.helpers import Miniature, miniature, until
from tests.terminal.screen import Terminal

ENTER = "\r"
READ = 0.8
"""Seconds a person looks at a step or a plan at the least; keys typed before are dropped anyway."""


@dataclass(frozen=True)
class Drill:
    """``fault`` is ended by the right action; ``title`` is the playbook's. ``guide`` is what the
    guide has typed for it, ``undo`` what brings the miniature back to what it was."""

    fault: str
    title: str
    guide: tuple[str, ...]
    ready: Callable[[Miniature], bool] = lambda _: True
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
        undo=("run", "scale", "api", "--param", "count=2", "--yes"),
    ),
}  # fmt: skip


def handle(mini: Miniature, drill: Drill, size: tuple[int, int] = (80, 24)) -> Handling:
    """Break, open the console, and do what it says until it is verified."""
    found = Handling()
    with mini.broken(drill.fault):
        until(lambda: drill.ready(mini), 60, f"{drill.fault} bites")
        terminal = Terminal(mini.program.argv(), mini.program.environment, size)
        try:
            begun = time.monotonic()
            terminal.shows(f"Playbook: {drill.title}", 60)
            found.waited = time.monotonic() - begun
            _press(terminal, found, "p")
            while "VERIFIED: " not in terminal.text:
                terminal.until(lambda text: "? yours" in text or "VERIFIED: " in text, 120,
                               "a step for a person, or the verdict")  # fmt: skip
                if "VERIFIED: " in terminal.text:
                    break
                _decide(terminal, found)
            found.seconds = time.monotonic() - begun
        finally:
            terminal.kill()
    if drill.undo:
        assert mini.program.run(*drill.undo).returncode == 0
    return found


def _decide(terminal: Terminal, found: Handling) -> None:
    """Open the plan of the step at hand, read it, and accept it."""
    _read(terminal)
    _press(terminal, found, ENTER)
    terminal.until(lambda text: "y run it" in text or "VERIFIED: " in text, 30, "the plan")
    if "VERIFIED: " in terminal.text:
        return
    _read(terminal)
    _press(terminal, found, "y")
    terminal.until(lambda text: "? yours" not in text and "y run it" not in text, 60, "it is done")


def _read(terminal: Terminal) -> None:
    end = time.monotonic() + READ
    while time.monotonic() < end:
        terminal.pump()


def _press(terminal: Terminal, found: Handling, key: str) -> None:
    found.keys.append(key)
    terminal.press(key)


def by_hand(drill: Drill) -> int:
    """Keystrokes of the guide's commands, each with its Enter."""
    return sum(len(command) + 1 for command in drill.guide)


def table(handled: dict[str, Handling]) -> str:
    lines = [f"{'playbook':<12}{'keys':>6}{'seconds':>9}{'to the proposal':>17}{'guide: keys':>13}"]
    for name, one in handled.items():
        hand = by_hand(DRILLS[name])
        lines.append(
            f"{name:<12}{len(one.keys):>6}{one.seconds:>9.1f}{one.waited:>17.1f}{hand:>13}"
        )
    return "\n".join(lines)


def main() -> int:
    handled = {}
    with (
        tempfile.TemporaryDirectory(prefix="ainur-drills-") as folder,
        miniature(Path(folder)) as mini,
    ):
        for name, drill in DRILLS.items():
            until(lambda: mini.check("--fresh")["state"] == "up", 90, "the miniature is well")
            handled[name] = handle(mini, drill)
    print(table(handled))
    return int(any(len(one.keys) > 8 or one.seconds > 60 for one in handled.values()))


if __name__ == "__main__":
    sys.exit(main())
