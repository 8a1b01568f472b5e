"""Writes log lines: ``python -m tests.logwriter FILE RATE SECONDS``; prints how many it wrote."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

_TICK = 0.02
_GOOD, _BAD = ("info", "request served"), ("error", "database query timed out")
_PAYLOADS = [
    b"\x1b]52;c;aGk=\x07", b"\x1b]0;title\x07", b"\x1b]8;;http://x\x07y", b"\x1b[2J\x1b[H evil",
    b"\xc2\x9b2J", "\u202eevil".encode(), b"[red]bold[/red]", b"\xff\xfe\x80 no text",
    b"\r2026-11-24 10:00:00 api INFO all is well", b"\x00nul", "e\u0301".encode() * 50,
]  # fmt: skip


def line(number: int, at: float) -> str:
    """One line of an API service; every 500th is an error."""
    level, message = _BAD if number % 500 == 7 else _GOOD
    return (
        f'{{"level":"{level}","ts":{at},"msg":"{message}","n":"{number}",'
        f'"path":"/api/v1/agents/{number % 97}","status":200}}\n'
    )


def hostile_lines(count: int) -> Iterator[bytes]:
    """Lines that try to steer a terminal, to pass for others, or to be too much."""
    for number in range(count):
        payload = _PAYLOADS[number % len(_PAYLOADS)]
        head = b"ERROR " if number % 3 else b'{"level":"warn","msg":"x","p":"'
        yield head + payload + str(number).encode() + b"\n"
        if number % 25_000 == 24_999:
            yield b"A" * 10_000_000 + b"\n"


def main(path: Path, rate: float, seconds: float) -> None:
    """Keep to the rate as a whole: what was late is made up for."""
    written, pause = 0, Event()
    began = time.monotonic()
    with path.open("a") as file:
        while (passed := time.monotonic() - began) < seconds:
            due, at = int(passed * rate), time.time()
            file.write("".join(line(number, at) for number in range(written, due)))
            file.flush()
            written = due
            pause.wait(_TICK)
    print(written)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
