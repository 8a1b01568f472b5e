"""WAL, checkpoints and the archiver; who replicates, how far behind, and what slots hold back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ainur_tui.model.signal import Reading
from ainur_tui.model.table import Cell, Column, Row, Table, Tone
from ainur_tui.model.units import duration, number, show, size
from ainur_tui.systems.base import Clock, Sample
from ainur_tui.systems.postgres import queries_wal as queries
from ainur_tui.systems.postgres import signals
from ainur_tui.systems.postgres.client import Database, major_of
from ainur_tui.systems.postgres.look import GRANT, Look
from ainur_tui.systems.postgres.shown import Shown, ages
from ainur_tui.systems.postgres.statistics import FIRST_GAP

if TYPE_CHECKING:
    from asyncpg import Record

_FEW_CHECKPOINTS = 10
_SLOT_TROUBLE = {
    "lost": "lost: WAL it needs is gone, its replica must be made anew",
    "unreserved": "about to be lost: more WAL is held back than may be",
}
_REPLICATION = (
    Column(name="name", title="Name", limit=30),
    Column(name="kind", title="Kind", rank=1, limit=14),
    Column(name="state", title="State", limit=22),
    Column(name="behind", title="Behind", unit="B"),
    Column(name="lag", title="Lag", unit="s"),
    Column(name="client", title="Client", rank=3, limit=30),
    Column(name="wal", title="WAL", rank=2, limit=12),
)


class WalProbe(Look):
    """Two tables: what is written (by delta of the WAL's position; the first read takes two
    samples a second apart), and who takes it. No lock and no file is touched for it."""

    name = "db.wal"
    title = "WAL and checkpoints"
    source = "pg_stat_bgwriter or pg_stat_checkpointer, pg_stat_archiver"
    least = 10.0
    signals = signals.WAL
    columns = (
        Column(name="what", title="What", limit=19),
        Column(name="now", title="Now", limit=17),
        Column(name="all", title="So far", rank=1, limit=80),
    )

    def __init__(
        self, database: Database, clock: Clock, shown: Shown, *, interval: float, deadline: float,
        first_gap: float = FIRST_GAP,
    ) -> None:  # fmt: skip
        super().__init__(database, clock, shown, interval=interval, deadline=deadline + first_gap)
        self._gap = first_gap
        self._last: tuple[float, Record] | None = None
        self._followed = False

    async def read(self) -> Sample:
        if self._last is None:
            self._last = await self._written()
            await asyncio.sleep(self._gap)
        before, (at, now) = self._last, await self._written()
        self._last = at, now
        async with self.database.sampling() as connection:
            slots = await connection.fetch(queries.slots(major_of(connection)))
            senders = await connection.fetch(queries.REPLICAS)
            receiver = (await connection.fetch(queries.RECEIVER))[0] if now["replica"] else None
        rates = _rates(before, (at, now))
        readings = [self._rate(rates), self._archiver(now), self._held_back(slots)]
        readings += self._lag(senders, receiver)
        tables = [self._wal(now, rates), self._replication(senders, slots, receiver)]
        return Sample(readings, tables)

    async def _written(self) -> tuple[float, Record]:
        async with self.database.sampling() as connection:
            row = (await connection.fetch(queries.written(major_of(connection))))[0]
        return self.clock.monotonic(), row

    def _rate(self, rates: dict[str, float]) -> Reading:
        note = None if rates else "the position went back, or the counters were reset"
        return self.reading(signals.WAL_RATE, rates.get("position"), note)

    def _archiver(self, now: Record) -> Reading:
        note = self._archived(now)
        if now["failing"]:
            note = f"{self.shown.text(now['failed_wal'])} could not be archived; {note}"
        return self.reading(signals.ARCHIVER, float(bool(now["failing"])), note)

    def _archived(self, now: Record) -> str:
        if now["archive_mode"] == "off":
            return "archive_mode is off: no moment between two backups can be restored"
        if now["archived_age"] is None:
            return "nothing was archived yet"
        return f"newest archived {duration(ages(now['archived_age']) or 0.0)} ago"

    def _held_back(self, slots: list[Record]) -> Reading:
        idle = [s for s in slots if not s["active"] and s["retained"] is not None]
        worst = max(idle, key=lambda slot: slot["retained"], default=None)
        note = "no unused slot holds WAL back"
        if worst is not None:
            name = self.shown.text(worst["name"])
            note = f"slot {name} is not in use and holds {size(worst['retained'])} of WAL back"
        return self.reading(signals.RETAINED, worst["retained"] if worst else 0.0, note)

    def _lag(self, senders: list[Record], receiver: Record | None) -> list[Reading]:
        """Of the slowest replica; on a replica its own. Where nobody replicates it has no value."""
        if receiver is not None:
            lag = 0.0 if receiver["behind"] == 0 else ages(receiver["lag"])
            return [self.reading(signals.LAG, lag, "this server is the replica")]
        if not senders and not self._followed:
            return [self.reading(signals.LAG, None, "nobody replicates")]
        self._followed = True
        known = [s for s in senders if s["behind"] is not None]
        worst = max(known, key=lambda s: (s["lag"] or 0.0, s["behind"]), default=None)
        if worst is None:
            hidden = "no replica is connected" if not senders else "the role sees no positions"
            return [self.reading(signals.LAG, None, hidden)]
        note = f"{self.shown.text(worst['name'])} is {size(worst['behind'])} behind"
        return [self.reading(signals.LAG, ages(worst["lag"]) or 0.0, note)]

    def _wal(self, now: Record, rates: dict[str, float]) -> Table:
        timed, asked, block = now["timed"], now["requested"], now["block"]
        crowded = asked > timed and timed + asked >= _FEW_CHECKPOINTS
        over = ages(now["since"])
        since = "" if over is None else f" in {duration(over)}"
        often = f"one every {duration(over / (timed + asked))}" if over and timed + asked else "—"
        origin = "received by this replica" if now["replica"] else "since the cluster was made"
        rows = [
            _line("WAL", _per_second(rates, "position", 1), f"{size(now['position'])} {origin}"),
            _line(
                "checkpoints", often, f"{number(timed)} timed, {number(asked)} requested{since}",
                "timed ones are spread over their interval; requested ones hurry, because "
                "max_wal_size is reached or somebody asks",
                "warn" if crowded else "none",
            ),
            _line("checkpoint writes", _per_second(rates, "buffers", block),
                  f"{size(now['buffers'] * block)}, spread over {duration(now['seconds'])}"),
            _line("background writer", _per_second(rates, "cleaned", block),
                  f"{size(now['cleaned'] * block)}, {number(now['stopped'])} times at its limit"),
        ]  # fmt: skip
        if now["backends"] is not None:
            total = size(now["backends"] * block)
            rows.append(_line("written by backends", _per_second(rates, "backends", block), total,
                              "sessions wait for these writes themselves"))  # fmt: skip
        failing = bool(now["failing"])
        done = f"{number(now['archived'])} archived, {number(now['failures'])} failures"
        off = now["archive_mode"] == "off"
        state = "off" if off else "failing" if failing else "on"
        says = self._archiver(now).note or ""
        rows.append(_line("archiver", state, says if off else done, says,
                          "fail" if failing else "none"))  # fmt: skip
        return self.table(rows)

    def _replication(
        self, senders: list[Record], slots: list[Record], receiver: Record | None
    ) -> Table:
        rows = [self._slot(slot) for slot in slots] + [self._sender(one) for one in senders]
        if receiver is not None:
            status = self.shown.text(receiver["status"]) or "not connected"
            cells: list[Cell] = ["this server", "replica", status, receiver["behind"],
                                 ages(receiver["lag"]), "", ""]  # fmt: skip
            tone: Tone = "none" if receiver["status"] == "streaming" else "warn"
            rows.insert(0, Row(key="receiver", cells=cells, tone=tone, target="db"))
        rows.sort(key=lambda row: {"fail": 0, "warn": 1}.get(row.tone, 2))
        note = None if rows else "no replica, no slot: the backups are the only second copy"
        if any(s["state"] is None for s in senders):
            note = GRANT.format("this role")
        return Table(
            name="db.replication", target="db", title="Replicas and slots",
            columns=list(_REPLICATION), rows=rows, observed_at=self.clock.now(),
            source="pg_stat_replication, pg_replication_slots", interval=self.interval, note=note,
        )  # fmt: skip

    def _sender(self, one: Record) -> Row:
        lag = ages(one["lag"])
        late = lag is not None and lag > (signals.LAG.warn or 0)
        return Row(
            key=f"sender/{one['pid']}",
            cells=[
                self.shown.text(one["name"]), self.shown.text(one["sync_state"]) or "sender",
                self.shown.text(one["state"]) or "hidden", one["behind"], lag,
                self.shown.text(one["client"]), "",
            ],
            tone="warn" if late or one["state"] not in {"streaming", None} else "none",
            target="db",
            detail={
                "user": self.shown.text(one["usename"]),
                "not sent yet": show(one["unsent"], "B"),
                "connected for": show(ages(one["since"]), "s"),
            },
            params={"pid": str(one["pid"])},
        )  # fmt: skip

    def _slot(self, slot: Record) -> Row:
        held, used = slot["retained"], slot["active"]
        trouble = _SLOT_TROUBLE.get(slot["wal_status"] or "")
        much = not used and (held or 0.0) > (signals.RETAINED.warn or 0)
        detail = {
            "database": self.shown.text(slot["database"]) or "all",
            "unused for": show(ages(slot["inactive"]), "s"),
            "room until it is lost": show(slot["left_over"], "B"),
            "transaction ids held": show(slot["xmin_age"], "count"),
        }
        if trouble or not used:
            name = self.shown.text(slot["name"])
            detail["mend"] = "start its replica again, or, when that is gone for good: key a, "
            detail["mend"] += f"drop-slot slot={name}"
        return Row(
            key=f"slot/{slot['name']}",
            cells=[
                self.shown.text(slot["name"]), f"{self.shown.text(slot['type'])} slot",
                trouble or ("in use" if used else "not in use"), held, None, "",
                self.shown.text(slot["wal_status"]),
            ],
            tone="fail" if trouble else "warn" if much else "none",
            target="db",
            detail=detail,
            params={} if used else {"slot": slot["name"]},
        )  # fmt: skip


def _line(what: str, now: str, so_far: str, means: str = "", tone: Tone = "none") -> Row:
    detail = {"means": means} if means else {}
    return Row(key=what, cells=[what, now, so_far], tone=tone, target="db", detail=detail)


def _rates(before: tuple[float, Record], after: tuple[float, Record]) -> dict[str, float]:
    """Of each counter, a second; empty when one of them went back or no time has passed."""
    (since, was), (at, now) = before, after
    names = [n for n in ("position", "buffers", "cleaned", "backends")
             if was[n] is not None and now[n] is not None]  # fmt: skip
    if at <= since or any(now[name] < was[name] for name in names):
        return {}
    return {name: (now[name] - was[name]) / (at - since) for name in names}


def _per_second(rates: dict[str, float], name: str, octets: float) -> str:
    return show(rates[name] * octets, "B/s") if name in rates else "—"
