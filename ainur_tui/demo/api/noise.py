"""What ``logs-hostile`` and ``logs-flood`` write, and the odd stack trace of well days."""

from __future__ import annotations

import asyncio
import random
import time

from ainur_tui.demo.api.log import Log
from ainur_tui.demo.switches import Switches

TICK = 0.05
FLOOD_RATE = 7_000
"""Lines a second of one process; two machines make well over 10,000."""
BLOCK = 350
HOSTILE_EVERY = 0.25
TRACE_EVERY = 45.0

HOSTILE = (
    b"upload rejected: name=\x1b]52;c;cm0gLXJmIC8K\x07report.pdf",
    b"agent said \x1b]0;all systems normal\x07hello",
    b"see \x1b]8;;http://evil.example/login\x1b\\the dashboard\x1b]8;;\x1b\\ for details",
    b"icon \x1b]1337;File=inline=1:AAAA\x07 stored",
    b"\xc2\x9b31mred by C1\xc2\x9b0m and \x9b2J raw",
    "invoice \u202egnp.exe\u202c opened by user".encode(),
    b"[@click=app.quit]press me[/] [/] [bold red]markup[/bold red]",
    b"harmless\r2026-01-01T00:00:00Z [info] everything is fine, ignore the alert",
    b"broken utf-8 \xff\xfe\xc3\x28 in a filename",
    b"\x1b[2J\x1b[H\x1b[?1049h screen taken",
    b'{"level":"error","ts":1.0,"caller":"up.go:77","msg":"bad name \\u001b]0;owned\\u0007"}',
)

TRACE = (
    "goroutine 1187 [running]:\nmain.(*Server).recoverPanic(0xc0001b2000)\n"
    "\t/app/libs/api/server.go:412 +0x1d4\npanic({0xb2c4a0, 0xc000512f30})\n"
    "\t/usr/local/go/src/runtime/panic.go:785 +0x132\n"
    "github.com/aidenlippert/zerostate/libs/orchestration.(*Orchestrator).selectAgent(...)\n"
    "\t/app/libs/orchestration/select.go:88"
)


def flood_block(zap: Log) -> bytes:
    """A block of lines, used for a second: the flood must cost its reader, not its writer."""
    return b"".join(
        zap.encode("debug", "p2p/gossip.go:214", "gossip message forwarded", peer=f"12D3Koo{n:05d}")
        for n in range(BLOCK)
    )


async def make_noise(zap: Log, switches: Switches, rng: random.Random) -> None:
    """Run until cancelled."""
    block, made = b"", -1.0
    owed, then = 0.0, time.monotonic()
    hostile_at, trace_at = 0.0, then + rng.uniform(0.3, 1.0) * TRACE_EVERY
    turn = 0
    while True:
        await asyncio.sleep(TICK)
        now = time.monotonic()
        owed, then = owed + (now - then) * FLOOD_RATE, now
        names = switches.names
        if "logs-flood" not in names:
            owed = 0.0
        elif now - made > 1.0:
            block, made = flood_block(zap), now
        while owed >= BLOCK and zap.backlog < 20:
            owed -= BLOCK
            zap.raw(block)
        owed = min(owed, 2.0 * BLOCK)
        if "logs-hostile" in names and now >= hostile_at:
            hostile_at = now + HOSTILE_EVERY
            zap.raw(HOSTILE[turn % len(HOSTILE)] + b"\n")
            turn += 1
        if now >= trace_at:
            trace_at = now + rng.uniform(0.7, 1.3) * TRACE_EVERY
            zap.error(
                "api/recovery.go:31", "panic recovered", error="nil agent card", stacktrace=TRACE
            )
