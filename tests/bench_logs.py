"""The log under load: ``python -m tests.bench_logs [--rates 1000,10000,50000] [--seconds 20]``.

A file grows at each rate while an engine follows it and a console shows it on a terminal: time from
a key to the screen, lines written, found and found twice, and the processor time of both beside
lnav's and toolong's on the same file (``--peer NAME=COMMAND``, repeatable).

``--memory LINES`` feeds so many lines through the engine's intake, as fast as it takes them, and
prints the memory at the end. ``--hostile`` shows 100,000 adversarial lines on a real terminal and
counts what of them reached it as it was. Nothing else should run; pytest never collects this.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from ainur_tui.engine.clock import SystemClock
from ainur_tui.engine.logs.intake import Intake
from ainur_tui.engine.logs.spool import LogSpool
from ainur_tui.engine.logs.store import LogStore
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.logsource import RawBatch, RawLine
from tests.benching import console, cpu, keys, quantile
from tests.engine.logsources import FakeSource
from tests.helpers import Program, until
from tests.logwriter import hostile_lines, line
from tests.terminal.screen import Terminal

CONFIG = """version = 1
[environment.bench]
state_dir = "{folder}/state"
runtime_dir = "{folder}/run"
[[environment.bench.logs.files]]
name = "grow"
path = "{folder}/grow.log"
"""
SIZE = (120, 36)
FOLLOWS = ("grow", "FOLLOWING")
BATCH = 2_000


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_logs", description=__doc__)
    parser.add_argument("--rates", default="1000,10000,50000", help="lines a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--memory", type=int, metavar="LINES")
    parser.add_argument("--hostile", action="store_true")
    given = parser.parse_args()
    if given.memory:
        asyncio.run(_memory(given.memory))
        return
    with tempfile.TemporaryDirectory(prefix="ainur-logs-") as name:
        folder = Path(name)
        if given.hostile:
            _hostile(folder)
            return
        for rate in map(int, given.rates.split(",")):
            place = folder / str(rate)
            place.mkdir()
            _growing(place, rate, given.seconds)
            for peer in given.peer:
                title, _, command = peer.partition("=")
                log = place / f"{title}.log"
                _peer(title, [*shlex.split(command), str(log)], log, rate, given.seconds)


def _growing(folder: Path, rate: int, seconds: float) -> None:
    log = folder / "grow.log"
    log.write_text("".join(line(number, time.time()) for number in range(-200, 0)))
    with console(folder, CONFIG, SIZE, "5", *FOLLOWS) as (program, terminal, engine):
        both = [engine, psutil.Process(terminal.process.pid)]
        with _writer(log, rate, seconds) as writer:
            before = cpu(both)
            began = time.monotonic()
            took = keys(terminal, began + seconds)
            used, wall = cpu(both) - before, time.monotonic() - began
            written = int(writer.communicate(timeout=60)[0])
        numbers = _found(program, folder, written)
        memory = engine.memory_info().rss >> 20
        print(
            f"{rate:6}/s  keys p50 {quantile(took, 0.5):5.1f} p95 {quantile(took, 0.95):5.1f}"
            f" worst {max(took):5.1f} ms ({len(took)})  written {written:,}"
            f" found {len(set(numbers)):,} doubled {len(numbers) - len(set(numbers)):,}"
            f"  cpu {100 * used / wall:.0f} %  engine {memory} MiB"
        )


def _peer(title: str, argv: list[str], log: Path, rate: int, seconds: float) -> None:
    """The processor time of another program that follows the same file."""
    log.write_text("".join(line(number, time.time()) for number in range(-200, 0)))
    terminal = Terminal(argv, dict(os.environ) | {"TERM": "xterm-256color"}, SIZE)
    try:
        terminal.until(lambda text: "request" in text, 30, "its first lines")
        tree = [psutil.Process(terminal.process.pid)]
        tree += tree[0].children(recursive=True)
        with _writer(log, rate, seconds) as writer:
            before, began = cpu(tree), time.monotonic()
            while time.monotonic() < began + seconds:
                terminal.pump()
            used, wall = cpu(tree) - before, time.monotonic() - began
            writer.communicate(timeout=60)
        print(f"{rate:6}/s  {title}: cpu {100 * used / wall:.0f} %")
    finally:
        terminal.kill()


def _hostile(folder: Path) -> None:
    log = folder / "grow.log"
    log.write_bytes(b"calm\n")
    payloads = [b"\x1b]52;", b"\x1b]0;", b"\x1b]8;;http", b"\x1b[2J\x1b[H evil", b"\xc2\x9b",
                "\u202e".encode(), b"[red]"]  # fmt: skip
    with (
        console(folder, CONFIG, SIZE, "5", *FOLLOWS) as (_, terminal, _engine),
        log.open("ab") as file,
    ):
        shown = len(terminal.raw)
        took = []
        for number, text in enumerate(hostile_lines(100_000)):
            file.write(text)
            if number % 2_000 == 1_999:
                file.flush()
                terminal.press("G")
                terminal.until(lambda text: text.count("grow  ") > 20, 30, "a page of lines")
                took += keys(terminal, time.monotonic() + 0.2)
        file.flush()
        took += keys(terminal, time.monotonic() + 10)
        written = bytes(terminal.raw[shown:])
        alive = terminal.process.poll() is None
    counts = {repr(payload): written.count(payload) for payload in payloads[:-1]}
    print(
        f"payloads on the terminal {sum(counts.values())} {counts if any(counts.values()) else ''}"
        f"  crashes {0 if alive else 1}  keys {len(took)}, worst {max(took):.1f} ms,"
        f" p95 {quantile(took, 0.95):.1f} ms"
    )


class _OwnClock(SystemClock):
    """Its seconds are those the processor gives us: what else runs changes no budget."""

    def monotonic(self) -> float:
        return time.process_time()


async def _memory(lines: int) -> None:
    process = psutil.Process()
    with tempfile.TemporaryDirectory(prefix="ainur-logs-") as name:
        store = LogStore(spool=lambda lost: LogSpool(Path(name), Redactor(), lost))
        intake = Intake(FakeSource(), store, _OwnClock(), Redactor())
        intake.opened()
        began = time.process_time()
        for number in range(0, lines, BATCH):
            now = time.time()
            texts = [line(number + i, now).rstrip() for i in range(BATCH)]
            await intake.take(RawBatch([RawLine(now, text) for text in texts]))
            if number % (lines // 10 or 1) < BATCH:
                print(f"{number:12,} lines  {process.memory_info().rss >> 20} MiB", flush=True)
        seconds = time.process_time() - began
        view = intake.view()
        print(
            f"{view.total:,} lines in {seconds:.0f} s of the processor"
            f" ({view.total / seconds:,.0f}/s), {process.memory_info().rss >> 20} MiB"
        )


@contextmanager
def _writer(log: Path, rate: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "tests.logwriter", str(log), str(rate), str(seconds)]
    writer = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        yield writer
    finally:
        writer.kill()
        writer.wait()


def _found(program: Program, folder: Path, written: int) -> list[int]:
    """The numbers of all lines the engine has of those written."""

    def count() -> list[int]:
        out = folder / "found.jsonl"
        with out.open("w") as file:
            subprocess.run(
                program.argv("logs", "--source", "grow", "--since", "1h", "--json"),
                stdout=file, stderr=subprocess.DEVNULL, env=program.environment, check=True,
            )  # fmt: skip
        with out.open() as rows:
            found = (json.loads(row) for row in rows)
            return [int(one["fields"]["n"]) for one in found if "n" in one.get("fields", {})]

    numbers: list[int] = []

    def all_there() -> bool:
        numbers[:] = [number for number in count() if 0 <= number < written]
        return len(set(numbers)) >= written

    with suppress(AssertionError):  # an engine that lags has a minute
        until(all_there, 60, "every line")
    return numbers


if __name__ == "__main__":
    main()
