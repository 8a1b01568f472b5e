"""What the node is: chain, versions, roles, genesis; and what waits in its pool."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec

from ainur_tui.config.types import Node
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock as moment
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.client import Call, NodeClient, RpcRefused
from ainur_tui.systems.node.heads import Heads
from ainur_tui.systems.node.metrics import NodeMetrics
from ainur_tui.systems.node.shapes import Hash, Methods, Properties, Runtime, Text
from ainur_tui.systems.node.state import counters, kept
from ainur_tui.systems.node.versions import Versions

SLOWEST = 30.0
POOL = Signal(name="node.pool", title="Transactions waiting", unit="count")
CHAIN = Signal(
    name="node.chain", title="Genesis as configured", unit="bool", worse="below", fail=1,
    trouble="is on another chain",
)  # fmt: skip
_COLUMNS = [Column(name="fact", title="Fact"), Column(name="value", title="Value", limit=80)]
_ASKED: tuple[Call, ...] = (
    ("system_chain", Text, ()),
    ("system_name", Text, ()),
    ("system_version", Text, ()),
    ("state_getRuntimeVersion", Runtime, ()),
    ("chain_getBlockHash", Hash, (0,)),
    ("system_properties", Properties, ()),
    ("system_nodeRoles", list[Text], ()),
    ("rpc_methods", Methods, ()),
    ("author_pendingExtrinsics", list[msgspec.Raw], ()),
)
_NEWER: dict[str, Call] = {
    "system_chain": ("chainSpec_v1_chainName", Text, ()),
    "chain_getBlockHash": ("chainSpec_v1_genesisHash", Hash, ()),
    "system_properties": ("chainSpec_v1_properties", Properties, ()),
}
"""What the newer RPC family answers in the place of an old method that is not offered."""


class FactsProbe(Probe):
    """The facts of the node, and an event when its version or the runtime's changes.

    Each fact stands alone: one that the node does not tell says why in its row.
    """

    name = "node.facts"
    target = "node"

    def __init__(
        self, client: NodeClient, metrics: NodeMetrics | None, heads: Heads, config: Node,
        context: Context,
    ) -> None:  # fmt: skip
        self.interval = max(SLOWEST, config.interval)
        self._within = config.timeout
        self.deadline = 2 * config.timeout
        self.signals = (POOL, CHAIN) if config.genesis else (POOL,)
        self._client = client
        self._metrics = metrics
        self._heads = heads
        self._genesis = config.genesis
        self._context = context
        self._versions = Versions(context.state)

    async def read(self) -> Sample:
        try:
            return await self._read()
        except ProbeFailure as failure:
            # That the node does not answer is the head's to tell; what it is stays as it was told.
            now, words = self._context.clock.now(), str(failure)
            return Sample([self._reading(signal.name, None, now, words) for signal in self.signals])

    async def _read(self) -> Sample:
        within = self._within * 0.6
        told, counted, state = await asyncio.gather(
            self._client.batch(_ASKED, deadline=self._within),
            counters(self._client, within),
            kept(self._client, within),
        )
        answers = await self._newer(dict(zip((name for name, _, _ in _ASKED), told, strict=True)))
        if all(isinstance(a, ProbeFailure) and not isinstance(a, RpcRefused)
               for a in answers.values()):  # fmt: skip
            raise next(a for a in answers.values() if isinstance(a, ProbeFailure))
        metrics = await self._metrics.read() if self._metrics else None
        now = self._context.clock.now()
        readings = [self._pool(answers["author_pendingExtrinsics"], metrics, now)]
        genesis = answers["chain_getBlockHash"]
        if self._genesis:
            readings.append(self._chain(genesis, now))
        rows = [
            self._row("Chain", answers["system_chain"]),
            self._row("Node", answers["system_name"]),
            self._row("Version", answers["system_version"]),
            self._row("Runtime", _runtime(answers["state_getRuntimeVersion"])),
            self._genesis_row(genesis),
            *(self._row(*counter) for counter in counted),
            self._row("State kept", state),
            self._row("Roles", _roles(answers["system_nodeRoles"])),
            *(self._row(*fact) for fact in _properties(answers["system_properties"])),
            self._row("RPC methods", _methods(answers["rpc_methods"])),
            self._row("Answered by", self._answered()),
        ]
        if metrics and (started := metrics.get("process_start_time_seconds")):
            rows.append(self._row("Running since", f"{moment(started, date=True)} UTC"))
        table = Table(
            name="node.facts", target="node", title="Node", columns=_COLUMNS, rows=rows,
            observed_at=now, source=self._source, interval=self.interval,
        )  # fmt: skip
        return Sample(readings, [table], self._changes(answers, now))

    async def _newer(self, answers: dict[str, Any]) -> dict[str, Any]:
        """The answers, those of the newer family in the place of what is not offered."""
        asked = {name: call for name, call in _NEWER.items() if _hidden(answers[name])}
        told = await self._client.batch([*asked.values()], deadline=self._within)
        newer = answers | dict(zip(asked, told, strict=True))
        if _hidden(newer["state_getRuntimeVersion"]) and self._heads.runtime:
            newer["state_getRuntimeVersion"] = self._heads.runtime
        return newer

    @property
    def _source(self) -> str:
        return f"JSON-RPC {self._client.peer}"

    def _row(self, fact: str, value: object, tone: Tone = "none") -> Row:
        if isinstance(value, ProbeFailure):
            words = "the node does not tell" if _hidden(value) else str(value)
            return Row(key=fact, cells=[fact, self._clean(words)], tone="quiet")
        return Row(key=fact, cells=[fact, self._clean(value)], tone=tone)

    def _clean(self, value: object) -> str:
        return self._context.redact(clean(value, 200))

    def _answered(self) -> str:
        fallback = self._client.fallback
        return f"{self._client.peer} ({fallback})" if fallback else self._client.peer

    def _genesis_row(self, genesis: Any) -> Row:
        if isinstance(genesis, ProbeFailure) or not self._genesis:
            return self._row("Genesis", genesis)
        if _same(genesis, self._genesis):
            return self._row("Genesis", f"{genesis} as configured", "ok")
        return self._row("Genesis", f"{genesis}, configured is {self._genesis}", "fail")

    def _chain(self, genesis: Any, now: float) -> Reading:
        known = not isinstance(genesis, ProbeFailure)
        same = known and _same(genesis, str(self._genesis))
        note = None if same else self._clean(f"genesis: {genesis}")
        return self._reading("node.chain", float(same) if known else None, now, note)

    def _reading(self, signal: str, value: float | None, now: float, note: str | None) -> Reading:
        return Reading(
            target="node", signal=signal, value=value, source=self._source, observed_at=now,
            note=note,
        )  # fmt: skip

    def _pool(self, pending: Any, metrics: dict[str, float] | None, now: float) -> Reading:
        """Counted by RPC, or where that cannot be had as the node's metrics tell it."""
        if isinstance(pending, list):
            return self._reading("node.pool", float(len(pending)), now, None)
        value = metrics.get("substrate_ready_transactions_number") if metrics else None
        found = self._reading("node.pool", value, now, self._clean(pending))
        return msgspec.structs.replace(found, source="node's metrics")

    def _changes(self, answers: dict[str, Any], now: float) -> list[Event]:
        """Events for a new runtime or node version since the last read."""
        told = {
            "runtime": _runtime(answers["state_getRuntimeVersion"]),
            "node version": answers["system_version"],
        }
        events = []
        for what, value in told.items():
            if isinstance(value, ProbeFailure):
                continue
            after = self._clean(value)
            before = self._versions.changed(what, after)
            if before is not None:
                events.append(
                    Event(
                        key=f"node:{what}:{before}:{after}", at=now, kind="deploy", target="node",
                        text=f"{what} {before} → {after}",
                    )
                )  # fmt: skip
        return events


def _same(one: str, other: str) -> bool:
    return one.lower().removeprefix("0x") == other.strip().lower().removeprefix("0x")


def _runtime(answer: Any) -> Any:
    if isinstance(answer, ProbeFailure):
        return answer
    return f"{answer.spec_name} {answer.spec_version} (transactions {answer.transaction_version})"


def _roles(answer: Any) -> Any:
    return answer if isinstance(answer, ProbeFailure) else ", ".join(answer) or "none"


def _hidden(answer: object) -> bool:
    return isinstance(answer, RpcRefused) and answer.hidden


def _methods(answer: Any) -> Any:
    """How many, and of which families: the newer ones have a version in their names."""
    if isinstance(answer, ProbeFailure):
        return answer
    parts = [name.split("_") for name in answer.methods]
    newer = sorted({part[0] for part in parts if re.fullmatch("v[0-9]+", "".join(part[1:2]))})
    old = any(part[0] in {"system", "chain", "state"} for part in parts)
    families = ["old family"] * old + [f"newer family ({', '.join(newer)})"] * bool(newer)
    return ": ".join(filter(None, (f"{len(parts)}", " and ".join(families))))


def _properties(answer: Any) -> list[tuple[str, object]]:
    if isinstance(answer, ProbeFailure):
        return [("Properties", answer)]
    titles = {
        "tokenSymbol": "Token",
        "tokenDecimals": "Token decimals",
        "ss58Format": "SS58 format",
    }
    return [(title, answer[key]) for key, title in titles.items() if answer.get(key) is not None]
