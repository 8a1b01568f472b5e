"""The node process: a growing chain behind JSON-RPC, with the real node's log on stderr."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from aiohttp import web

from ainur_tui.demo.node.chain import AUTHORITIES, Chain
from ainur_tui.demo.node.peers import VERSION, peer_id
from ainur_tui.demo.node.rpc import Methods
from ainur_tui.demo.node.server import RpcServer, metrics_page
from ainur_tui.demo.service import arguments, run, serve, until_stopped
from ainur_tui.demo.switches import Switches

TICK = 0.1
HUNG = "node-hung"
UNUSED = ("--chain", "--port", "--rpc-cors", "--in-peers", "--out-peers", "--db-cache")
"""Flags of the real node that change nothing here."""
IDLE_EVERY = 5.0


class NodeLog:
    """Writes the lines a Substrate node writes."""

    def __init__(self, chain: Chain, out: TextIO, filters: Mapping[str, str]) -> None:
        self._chain = chain
        self._filters = filters
        self._out = out
        self._random = random.Random(chain.seed)
        self.constructed = 0

    def line(self, text: str) -> None:
        self._out.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}\n")
        self._out.flush()

    def _short(self, number: int) -> str:
        text = self._chain.hash(number)
        return f"{text[:6]}…{text[-4:]}"

    def opening(self, rpc_port: int) -> None:
        """What it says at its start."""
        chain = self._chain
        for text in (
            "Ainur Node", f"✌️  version {VERSION}", "❤️  by Ainur Labs, 2024-2026",
            "📋 Chain specification: Ainur Testnet", "🏷  Node name: ainur-node",
            "👤 Role: AUTHORITY",
            f"🏷  Local node identity is: {peer_id(chain.seed, 0)}",
            f"📦 Highest known block at #{chain.best}",
            f"Running JSON-RPC server: addr=127.0.0.1:{rpc_port}, allowed origins=[\"*\"]",
        ):  # fmt: skip
            self.line(text)

    def imported(self, numbers: list[int]) -> None:
        """A block each; a long catch-up is told by the syncing line alone."""
        for number in numbers[-3:]:
            if number % AUTHORITIES == 0:
                self.constructed += 1
                parent = self._chain.hash(number - 1)
                self.line(f"🙌 Starting consensus session on top of parent {parent}")
                took = self._random.randint(1, 6)
                own = self._chain.hash(number)
                self.line(
                    f"🎁 Prepared block for proposing at {number} ({took} ms) "
                    f"[hash: {own}; parent_hash: {self._short(number - 1)}; extrinsics (1)]"
                )
                self.line(f"🔖 Pre-sealed block for proposal at {number}. Hash now {own}.")
            for module, level in self._filters.items():
                told = f"{level.upper()} tokio-runtime-worker {module}: "
                self.line(f"{told}block #{number} from {peer_id(self._chain.seed, 1)}")
            self.line(f"🏆 Imported #{number} ({self._short(number - 1)} → {self._short(number)})")

    def idle(self, speed: float) -> None:
        """The line every five seconds."""
        chain = self._chain
        down, up = (self._random.uniform(0.6, 2.4) * chain.peers / 8 for _ in range(2))
        doing = (
            "💤 Idle"
            if not chain.syncing
            else f"⚙️  Syncing {speed:.1f} bps, target=#{chain.target}"
        )
        peers = f"({chain.peers} peers)"
        self.line(
            f"{doing} {peers}, best: #{chain.best} ({self._short(chain.best)}), "
            f"finalized #{chain.finalized} ({self._short(chain.finalized)}), "
            f"⬇ {down:.1f}kiB/s ⬆ {up:.1f}kiB/s"
        )
        if chain.peers == 0:
            self.line("WARN tokio-runtime-worker sync: 💔 No peers to sync from")


class Blocks:
    """The node's database as far as it matters here: a file that grows by every block."""

    def __init__(self, chain: Chain, folder: Path | None) -> None:
        self._chain = chain
        self._path = folder and folder / "chains" / "ainur_testnet" / "db" / "full" / "000001.sst"
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)

    def keep(self, numbers: list[int]) -> None:
        """Write these blocks down."""
        if self._path and numbers:
            with self._path.open("ab") as file:
                for number in numbers:
                    file.write(json.dumps(self._chain.header(number)).encode())


async def grow(
    chain: Chain, switches: Switches, rpc: RpcServer, log: NodeLog, blocks: Blocks
) -> None:
    """Move the chain on with the clock, for ever. One that hangs does so until it is restarted."""
    fresh = switches.on(HUNG)
    told, height = time.time(), chain.best
    while True:
        now = time.time()
        faults = switches.names
        if HUNG in faults and not fresh:
            faults |= {"node-stalled"}
        imported = chain.advance(now, faults)
        if imported:
            rpc.publish(imported)
            log.imported(imported)
            blocks.keep(imported)
        if now - told >= IDLE_EVERY:
            log.idle((chain.best - height) / (now - told))
            told, height = now, chain.best
        await asyncio.sleep(TICK)


async def main(given: argparse.Namespace) -> None:
    """Serve RPC and metrics until told to stop."""
    chain = Chain(given.seed, given.block_time, given.dir / "node-chain.json")
    methods = Methods(chain, safe=given.rpc_methods == "safe")
    rpc = RpcServer(chain, methods)
    log, began = NodeLog(chain, sys.stderr, methods.filters), time.time()

    async def metrics(_: web.Request) -> web.Response:
        text = metrics_page(chain, began, log.constructed, rpc.calls)
        return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4"})

    page = web.Application()
    page.add_routes([web.get("/metrics", metrics)])
    log.opening(given.rpc_port)
    servers = [
        await serve(rpc.application(), given.rpc_port, grace=0.2),
        await serve(page, given.metrics_port, grace=0.2),
    ]
    blocks = Blocks(chain, given.base_path)
    growing = asyncio.create_task(grow(chain, Switches(given.dir), rpc, log, blocks))
    await until_stopped()
    growing.cancel()
    await asyncio.gather(*(server.cleanup() for server in servers))


if __name__ == "__main__":
    sys.exit(
        run(
            main(
                arguments(
                    "ainur_tui.demo.node",
                    ("--rpc-port", {"type": int, "required": True}),
                    ("--metrics-port", {"type": int, "required": True}),
                    ("--block-time", {"type": float, "default": 6.0, "help": "seconds"}),
                    ("--seed", {"type": int, "default": 1}),
                    ("--rpc-methods", {"choices": ["auto", "safe", "unsafe"], "default": "auto"}),
                    ("--validator", {"action": "store_true"}),
                    ("--base-path", {"type": Path, "help": "where blocks are kept"}),
                    *((flag, {"help": "taken and not used"}) for flag in UNUSED),
                )
            )
        )
    )
