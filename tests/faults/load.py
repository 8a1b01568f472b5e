"""Users at work while machines are restarted, added, taken away and replaced:
``python -m tests.faults.load [--rate 200] [--seconds 5]``.

Starts a miniature, asks its public door without pause over kept connections, does one action
after another by the command line, and prints what was answered meanwhile. Ends with 1 when any
request failed or any action was not verified.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.helpers import Miniature, miniature

PATIENCE = 30.0
"""Seconds after which a request that is not answered has failed."""
CONNECTIONS = 80
TASK = b'{"type": "classify", "budget": 1.5}'
ASKED = [
    ("GET", "/health", b""), ("GET", "/api/v1/agents?limit=5", b""),
    ("GET", "/api/v1/tasks?limit=5", b""), ("GET", "/api/v1/auctions?limit=3", b""),
    ("POST", "/api/v1/tasks", TASK),
]  # fmt: skip
DONE: list[tuple[str, ...]] = [
    ("scale", "api", "--param", "count=4"),
    ("restart", "api"),
    ("restart", "{machine}"),
    ("scale", "api", "--param", "count=5"),
    ("scale", "api", "--param", "count=2"),
    ("deploy", "api", "--param", "image=next"),
    ("rollback", "api"),
    ("scale", "api", "--param", "size=shared-cpu-2x"),
    ("flag-set", "api", "--param", "name=ENABLE_AUCTION_SYSTEM", "--param", "value=false"),
]


@dataclass
class Meanwhile:
    """What was answered during one action: by status, or by the kind of error."""

    name: str
    verdict: str = ""
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(number for status, number in self.answers.items() if not status.startswith("2"))

    def row(self) -> str:
        """Requests, failed ones, rate, and how long an answer took, in a line."""
        number = sum(self.answers.values())
        waits = sorted(self.waits) or [0.0]
        p95 = waits[min(len(waits) - 1, int(len(waits) * 0.95))]
        said = ", ".join(f"{status} × {count}" for status, count in sorted(self.answers.items()))
        return (
            f"{self.name:<34}{self.verdict:>10}{self.seconds:>8.1f}{number:>10}{self.failed:>8}"
            f"{number / max(self.seconds, 0.001):>9.0f}{statistics.median(waits) * 1000:>9.0f}"
            f"{p95 * 1000:>9.0f}{waits[-1] * 1000:>9.0f}   {said}"
        )


HEAD = (
    f"{'meanwhile':<34}{'verdict':>10}{'seconds':>8}{'requests':>10}{'failed':>8}{'per s':>9}"
    f"{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}   answers"
)


class User:
    """One kept connection. It never asks twice: a request that fails has failed."""

    def __init__(self, url: str, rng: random.Random) -> None:
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self._rng = rng
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> str:
        """The status of the answer, or the error's name."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(*self._rng.choice(ASKED))
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            return type(error).__name__

    async def _ask(self, method: str, path: str, body: bytes) -> str:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        if "content-length" in fields:
            await reader.readexactly(int(fields["content-length"]))
        while fields.get("transfer-encoding") == "chunked":
            size = int(await reader.readline(), 16)
            await reader.readexactly(size + 2)
            if size == 0:
                break
        if fields.get("connection") == "close":
            self.close()
        return first.split(" ")[1]

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Crowd:
    """Users that ask at a steady rate together; ``now`` gathers what they are answered."""

    def __init__(self, url: str, rate: float, seed: int) -> None:
        self.now = Meanwhile("before")
        self.all: list[Meanwhile] = [self.now]
        self._every = CONNECTIONS / rate
        self._users = [User(url, random.Random(f"{seed}-{i}")) for i in range(CONNECTIONS)]

    def next(self, name: str) -> Meanwhile:
        """What comes now belongs to another chapter."""
        self.now.seconds = time.monotonic() - self.now.began
        self.now = Meanwhile(name)
        self.all.append(self.now)
        return self.now

    async def ask(self) -> None:
        """Until it is cancelled."""
        try:
            await asyncio.gather(*(self._one(i, user) for i, user in enumerate(self._users)))
        finally:
            self.now.seconds = time.monotonic() - self.now.began
            for user in self._users:
                user.close()

    async def _one(self, number: int, user: User) -> None:
        due = time.monotonic() + self._every * number / CONNECTIONS
        while True:
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            chapter, began = self.now, time.monotonic()
            status = await user.ask()
            chapter.answers[status] += 1
            chapter.waits.append(time.monotonic() - began)
            due = max(due + self._every, time.monotonic() - self._every)


async def act(demo: Miniature, words: Sequence[str], chapter: Meanwhile) -> None:
    """One action by the command line, as an operator gives it."""
    if "{machine}" in words:
        targets = (await asyncio.to_thread(demo.check))["targets"]
        machine = next(t["target"] for t in targets if t["kind"] == "api/machine")
        words = [machine if word == "{machine}" else word for word in words]
    more = ("--yes", "--reason", "load")
    found = await asyncio.to_thread(
        demo.program.json, "run", *words, *more, codes=(0, 1, 64, 69, 75, 77), timeout=300
    )
    chapter.verdict = str(found["state"])
    if chapter.verdict != "verified":
        sys.stderr.write(f"{chapter.name}: {found['message']}\n")


async def load(demo: Miniature, rate: float, seconds: float, seed: int) -> list[Meanwhile]:
    """Every action once, with some quiet seconds before and after."""
    # Four machines may open more connections than the miniature's database allows.
    lifted = demo.program.run("break-glass", "figures under load")
    assert lifted.returncode == 0, lifted.stderr
    crowd = Crowd(demo.endpoints["api"], rate, seed)
    asking = asyncio.create_task(crowd.ask())
    await asyncio.sleep(seconds)
    for words in DONE:
        name = " ".join(word for word in words if word != "--param")
        await act(demo, words, crowd.next(name))
    crowd.next("after")
    await asyncio.sleep(seconds)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return crowd.all


def main() -> int:
    parser = argparse.ArgumentParser(description="Act under load and count what fails.")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=5.0, help="of quiet before and after")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ainur-load-") as folder,
        miniature(Path(folder) / "demo", args.seed) as demo,
    ):
        found = asyncio.run(load(demo, args.rate, args.seconds, args.seed))
    print("\n".join([HEAD, *(one.row() for one in found)]))
    failed = sum(one.failed for one in found)
    print(f"{sum(sum(one.answers.values()) for one in found)} requests, {failed} failed")
    return int(failed > 0 or any(one.verdict not in {"", "verified"} for one in found))


if __name__ == "__main__":
    sys.exit(main())
