"""Drop a replication slot that nobody reads: it holds WAL back until the disk is full."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import USAGE, ActionFailure, Refused
from ainur_tui.model.units import duration, size
from ainur_tui.systems.acting import AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.postgres.actions.hands import Elevated
from ainur_tui.systems.postgres.client import major_of
from ainur_tui.systems.postgres.queries_wal import slots
from ainur_tui.systems.postgres.shown import ages

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_WAIT = 5.0
_NAME = re.compile(r"[a-z0-9_]{1,63}")
_ROLE = """
SELECT current_user::text AS me, rolsuper OR rolreplication AS allowed
  FROM pg_roles WHERE rolname = current_user
"""
_DROP = """
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
 WHERE slot_name = '{name}' AND NOT active AND coalesce(restart_lsn::text, '') = '{lsn}'
"""
"""The name is one of ours, letter by letter; the position comes from the server."""
_LOSES = {
    "physical": "Its replica cannot catch up any more: make it anew (pg_basebackup), unless an"
    " archive still has the WAL",
    "logical": "Its consumer never gets the changes since then: it must copy its tables anew",
}


class DropSlot(Elevated):
    """One slot that is not in use; the server itself drops none that is."""

    spec = ActionSpec(
        name="drop-slot",
        targets=["db"],
        risk="R3",
        summary="Drop a replication slot that nobody reads, so that its WAL can go",
        params=[Param(name="slot", type="str", help="its name, as Database shows", required=True)],
    )
    verify_within = 15.0

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        name = _given(params)
        async with self.hands.reading() as connection:
            blocked = await self.hands.hindrance(connection)
            found = await _slot(connection, name)
            role = dict((await connection.fetch(_ROLE))[0])
        if found is None:
            raise AlreadySo(f"there is no slot {name}")
        if not role["allowed"]:
            blocked = f"{self.shown.text(role['me'])} is no superuser and lacks REPLICATION"
        if found["active"]:
            blocked = f"{name} is in use (session {found['pid'] or 'unknown'}): end what reads it"
        held, lsn = found["retained"] or 0.0, found["lsn"]
        unused = ages(found["inactive"])
        since = f"not in use{f' for {duration(unused)}' if unused is not None else ''}"
        about = [f"{found['type']} slot", self.shown.text(found["plugin"])]
        about += [f"of {self.shown.text(found['database'])}"] if found["database"] else []
        age = found["xmin_age"]
        return self.draft(
            target, {"slot": name}, title=f"Drop slot {name}, which holds {size(held)} of WAL",
            steps=[f"drop {name}, if it is still unused; its files go with the next checkpoint"],
            before={"slot": name, "type": found["type"], "restart_lsn": lsn,
                    "in use": found["active"]},
            goal={"slot": name, "lsn": lsn, "retained": held},
            facts=[
                f"{name}: {' '.join(filter(None, about))}, "
                + ("in use" if found["active"] else since),
                f"holds {size(held)} of WAL, from {lsn or 'nowhere'} on"
                + (f"; {found['wal_status']}" if found["wal_status"] else ""),
                *([f"keeps vacuum from {age:,.0f} transactions' dead rows"] if age else []),
            ],
            warnings=[
                _LOSES.get(found["type"], "What reads it must begin anew"),
                "Nothing takes this back: a new slot begins at that moment",
            ],
            way_back=None, blocked=blocked,
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        async def drop(step: StepContext) -> str:
            name, lsn = _given(plan.params), str(plan.goal["lsn"])
            await self.hands.act(_DROP.format(name=name, lsn=lsn), step, _WAIT)
            async with self.hands.reading() as connection:
                found = await _slot(connection, name)
            if found is not None:
                why = "in use" if found["active"] else f"at {found['lsn'] or 'nowhere'}"
                raise ActionFailure(f"{name} is {why} by now: it was not dropped")
            return f"{name} is dropped"

        return [Step(plan.steps[0], drop, limit=60.0)]

    async def observe(self, plan: Plan) -> Observation:
        name, was = plan.goal["slot"], float(plan.goal["retained"])
        async with self.hands.reading() as connection:
            rows = await connection.fetch(slots(major_of(connection)))
        if any(row["name"] == name for row in rows):
            return Observation("failed", f"pg_replication_slots has {name} still")
        left = max((row["retained"] or 0.0 for row in rows if not row["active"]), default=0.0)
        return Observation(
            "verified", f"{name} is gone; unused slots hold {size(left)} of WAL back, it held"
            f" {size(was)}",
        )  # fmt: skip


async def _slot(connection: Connection[Record], name: str) -> dict[str, Any] | None:
    rows = await connection.fetch(slots(major_of(connection)))
    return next((dict(row) for row in rows if row["name"] == name), None)


def _given(params: dict[str, str]) -> str:
    """The name of a slot. Raises Refused for anything that can be none."""
    name = params.get("slot", "")
    if _NAME.fullmatch(name) is None:
        raise Refused("drop-slot needs slot=NAME, as Database shows it under Replication", USAGE)
    return name
