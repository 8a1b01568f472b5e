"""What Ainur's pallets did on the chain: the events of finalized blocks, decoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ainur_tui.config.types import Node
from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context, Probe, Sample
from ainur_tui.systems.node.client import Call, NodeClient
from ainur_tui.systems.node.scale import Codec, Emitted, Worker
from ainur_tui.systems.node.shapes import Blob, Hash, Header, Runtime

EVENTS = "0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7"
"""Storage key of ``System.Events``."""
PALLETS = {"did", "registry", "vcgauction", "escrow", "reputation", "template", "templatemodule"}
FAILED = ("System", "ExtrinsicFailed")
UPDATED = ("System", "CodeUpdated")
MOST_BLOCKS = 20
KEPT = 200
DECODING = 10.0
"""Seconds the codec may take: loading it and a runtime's metadata is slow."""

SIGNALS = (
    Signal(name="node.extrinsics.failed", title="Extrinsics failed, newest blocks", unit="count"),
)
_COLUMNS = [
    Column(name="block", title="Block", unit="height"),
    Column(name="pallet", title="Pallet", limit=16),
    Column(name="event", title="Event", limit=24),
    Column(name="fields", title="With", rank=1, limit=80),
]


class EventsProbe(Probe):
    """Follows the finalized blocks from where it begins. The first read only finds that place: a
    one-shot check does not load the codec."""

    name = "node.events"
    target = "node"
    signals = SIGNALS

    def __init__(self, client: NodeClient, config: Node, context: Context) -> None:
        self.interval = max(10.0, config.interval)
        self.deadline = config.timeout + DECODING + 5.0
        self._client = client
        self._context = context
        self._worker = Worker()
        self._codec: Codec | None = None
        self._spec: int | None = None
        self._done: int | None = None
        self._rows: deque[Row] = deque(maxlen=KEPT)
        self._skipped = 0

    async def read(self) -> Sample:
        try:
            head = await self._client.call("chain_getFinalizedHead", Hash)
            height = (await self._client.call("chain_getHeader", Header, head)).height
            if self._done is None:
                self._done = height
                return self._sample(None, [])
            return await self._follow(head, height, self._done)
        except ProbeFailure as failure:
            return self._sample(None, [], missing=str(failure))

    async def _follow(self, head: str, height: int, done: int) -> Sample:
        first = max(done + 1, height - MOST_BLOCKS + 1)
        self._skipped += max(0, first - done - 1)
        heights = list(range(first, height + 1))
        hashes = await self._client.call("chain_getBlockHash", list[Hash | None], heights)
        asked: list[Call] = [("state_getStorage", Blob | None, (EVENTS, one)) for one in hashes]
        runtime: Call = ("state_getRuntimeVersion", Runtime, (head,))
        version, *stored = await self._client.batch([runtime, *asked])
        codec = await self._known(version, head)
        raws = [bytes.fromhex(one[2:]) if isinstance(one, str) else b"" for one in stored]

        def decode() -> list[list[Emitted]]:
            return [codec.events(raw) if raw else [] for raw in raws]

        # Bytes that cannot be decoded are not asked for again.
        self._done = max(done, height)
        decoded = await self._worker.run(decode, DECODING)
        failed, events = 0, []
        for number, emitted in zip(heights, decoded, strict=True):
            for index, one in enumerate(emitted):
                kind = (one.pallet, one.name)
                failed += kind == FAILED
                if kind in {FAILED, UPDATED} or one.pallet.lower() in PALLETS:
                    self._rows.appendleft(self._row(number, index, one))
                if kind == UPDATED:
                    events.append(self._updated(number))
        return self._sample(float(failed), events, f"in {len(heights)} blocks")

    async def _known(self, version: object, head: str) -> Codec:
        """The codec of the runtime at that block; another runtime is another one."""
        if not isinstance(version, Runtime):
            raise version if isinstance(version, ProbeFailure) else ProbeFailure("bad answer")
        if self._codec is None or self._spec != version.spec_version:
            told = await self._client.call("state_getMetadata", Blob, head)
            raw = bytes.fromhex(told[2:])
            self._codec = await self._worker.run(lambda: Codec(raw), DECODING)
            self._spec = version.spec_version
        return self._codec

    def _row(self, number: int, index: int, one: Emitted) -> Row:
        told = [(self._clean(name, 40), self._clean(value, 200)) for name, value in one.fields]
        words = ", ".join(f"{name} {_short(value)}".strip() for name, value in told)
        pallet, name = self._clean(one.pallet, 40), self._clean(one.name, 60)
        return Row(
            key=f"{number}-{index}", cells=[number, pallet, name, words],
            tone="warn" if (one.pallet, one.name) == FAILED else "none", detail=dict(told),
        )  # fmt: skip

    def _updated(self, number: int) -> Event:
        return Event(
            key=f"node:code:{number}", at=self._context.clock.now(), kind="deploy", target="node",
            text=f"the runtime's code was replaced in block #{number:,}",
        )  # fmt: skip

    def _clean(self, text: str, limit: int) -> str:
        return self._context.redact(clean(text, limit))

    def _sample(
        self, failed: float | None, events: Sequence[Event], note: str | None = None,
        missing: str | None = None,
    ) -> Sample:  # fmt: skip
        now, source = self._context.clock.now(), f"JSON-RPC {self._client.peer}"
        begun = f"decoded up to block #{self._done:,}" if self._done is not None else ""
        skipped = f"; {self._skipped:,} blocks were skipped" if self._skipped else ""
        table = Table(
            name="node.events", target="node", title="Events on the chain", columns=_COLUMNS,
            rows=list(self._rows), observed_at=now, source=source, interval=self.interval,
            note=f"{begun}{skipped}" or None, missing=missing,
        )  # fmt: skip
        reading = Reading(
            target="node", signal=SIGNALS[0].name, value=failed, source=source, observed_at=now,
            note=note or missing,
        )  # fmt: skip
        return Sample([reading], [table], events)


def _short(value: str) -> str:
    """Accounts and hashes by their ends."""
    long = value.startswith("0x") and len(value) > 20
    return f"{value[:8]}…{value[-4:]}" if long else value
