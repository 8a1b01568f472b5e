"""The action ``recover``: the best backup into a new database, and the API led there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import Environment, SecretMissing
from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ProbeFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock, rfc3339
from ainur_tui.systems.acting import Action, Step, World
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.base import Context
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.power import chain
from ainur_tui.systems.fly.power.chain import Piece
from ainur_tui.systems.fly.power.outside import Outside
from ainur_tui.systems.fly.recovery.cutting import CutOver, Moving, Reach
from ainur_tui.systems.postgres.backup import catalogue, names
from ainur_tui.systems.postgres.backup.places import Place, places_of
from ainur_tui.systems.postgres.backup.restore import RestoreAction
from ainur_tui.systems.postgres.backup.server import NAME, Server
from ainur_tui.systems.postgres.recovery import counts
from ainur_tui.systems.postgres.recovery.candidates import Candidate, newer, rank

COUNTING = 5.0
"""Seconds a plan may spend on counting rows."""
RESTORE = "backup"


class QuietRestore(RestoreAction):
    """The restore as it is; the counts beside it are told once, by the whole."""

    async def _beside(self, rows: dict[str, int]) -> list[str]:
        return []


class Recover(Moving):
    """Restore, counts, maintenance page, cut-over, verification from outside, page off."""

    spec = ActionSpec(
        name="recover",
        targets=["db"],
        risk="R3",
        summary="Restore the best backup into a new database and lead the API there",
        params=[
            Param(name="id", type="str", help="which backup; none: the best by evidence"),
            Param(name="into", type="str", help="the new database's name; none: by its moment"),
            Param(name="since", type="str", help="when the trouble began: the RTO clock's start"),
        ],
        inverse="cut-over db database=… (the database before)",
    )

    def __init__(
        self,
        reach: Reach,
        context: Context,
        places: Sequence[Place],
        identity: Secret | None = None,
    ) -> None:
        super().__init__(reach)
        self._places = places
        self._restore = QuietRestore(context, places, reach.server, identity)

    def unavailable(self) -> str | None:
        return self._restore.unavailable() or super().unavailable()

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        given = {name: value.strip() for name, value in params.items() if value.strip()}
        if why := self.unavailable():
            raise Refused(why, UNAVAILABLE)
        now = self.reach.clock.now()
        begun = counts.since(given.get("since", ""), now)
        listing = await catalogue.read(self._places, self.reach.clock)
        ranked = rank(listing.rows, now)
        chosen = _chosen(ranked, given.get("id"))
        rows: dict[str, int] = chosen.row["rows"]
        old = await self.reach.present()
        into, whole = await self._into(given.get("into"), chosen, old)
        if old == into:  # an earlier run came so far
            old = self.reach.address.database
        live, said = await self._live(old)
        warnings = [counts.window(chosen.at or now, now)]
        warnings += [counts.lost(rows, live)] if live is not None else [said]
        warnings += [f"not readable: {problem}" for problem in listing.problems]
        if chosen.rank > 0:
            warnings.append(f"{chosen.id} was never restored and counted before")
        elif (later := newer(ranked, chosen)) is not None:
            warnings.append(f"{later.id} is newer, but not proven: verify it to lose less")
        pieces = await self.to_do(old, into, restored=True)
        restore = Piece(RESTORE, self._restore, "db", {"id": chosen.id, "into": into})
        drawn = chain.Drawn()
        if whole:
            drawn.notes.append(f"{RESTORE}: {into} is there already; it is left out")
        else:
            drawn = await chain.draw([restore], world)
            drawn.warnings.clear()
        later_parts = await chain.draw(pieces, world)
        drawn.parts |= later_parts.parts
        drawn.notes += later_parts.notes
        drawn.warnings += later_parts.warnings
        return self.whole(
            target, {"id": chosen.id, "into": into, "since": rfc3339(begun) or ""}, drawn,
            [restore, *pieces], world,
            title=f"Recover {clean(old, 63)} as of {clock(chosen.at or now, date=True)}",
            before={"backup": chosen.row["sha256"], "api in": old, "there": whole},
            goal={"from": old, "into": into, "id": chosen.id, "since": begun, "rto": counts.RTO},
            warnings=warnings,
            facts=[
                f"{chosen.id}: {chosen.evidence}",
                *(counts.beside(rows, live) if live is not None else []),
            ],
            seconds=chosen.row["verified_seconds"] or 30.0,
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        return chain.steps(plan, [Piece(RESTORE, self._restore, "db"), *self._all(plan)])

    async def _into(self, given: str | None, chosen: Candidate, old: str) -> tuple[str, bool]:
        """The new database's name, and whether it is there with the backup's rows: an earlier run
        restored it. A name that is taken by anything else is never used."""
        if given is not None and not NAME.fullmatch(given):
            raise Refused("into is a new database's name of a-z, 0-9 and _", USAGE)
        stem = f"{self.reach.address.database}_recovery_{chosen.id.removeprefix(names.STEM)}"
        stem = stem if NAME.fullmatch(stem) else f"recovery_{chosen.id.removeprefix(names.STEM)}"
        for name in [given] if given else [stem, *(f"{stem}_{n}" for n in range(2, 10))]:
            if not await self.reach.server.exists(name):
                return name, False
            moved = old != self.reach.address.database and (given or await self.reach.paged())
            if name == old and moved:
                return name, True
            if name != old and (await self._live(name))[0] == chosen.row["rows"]:
                return name, True
        raise Refused(
            f"there is a database {given or stem} already, and it is not what the backup holds;"
            " give into=NAME, a new name", UNAVAILABLE,
        )  # fmt: skip

    async def _live(self, database: str) -> tuple[dict[str, int] | None, str]:
        """The rows of a database, else the sentence why they are not known."""
        try:
            async with asyncio.timeout(COUNTING):
                _, counted = await self.reach.server.measure(database)
        except (ProbeFailure, TimeoutError) as failure:
            return None, f"live rows are not counted: {str(failure) or 'it takes too long'}"
        return {clean(name, 120): count for name, count in counted.items()}, ""


def _chosen(ranked: Sequence[Candidate], id: str | None) -> Candidate:
    """The backup that is meant; raises ``Refused`` where it cannot be recovered from."""
    found = next((c for c in ranked if (c.usable if id is None else c.id == id)), None)
    if found is None and id is None:
        raise Refused("no backup can be restored and compared; `recover loss` tells what is left",
                      UNAVAILABLE)  # fmt: skip
    if found is None:
        raise Refused(f"there is no backup {clean(id, 60)}; `recover list` shows them", USAGE)
    if not found.usable:
        raise Refused(f"{found.id} cannot be recovered from: {found.evidence}", UNAVAILABLE)
    return found


def recovery_of(
    environment: Environment, context: Context, hands: Hands, outside: Outside,
    edge: ApiClient | None,
) -> list[Action]:  # fmt: skip
    """``recover`` and ``cut-over``, where a database and its backups are configured."""
    section, backup = environment.postgres, environment.backup
    if section is None or backup is None:
        return []
    try:
        dsn = context.secret(backup.application) if backup.application is not None else None
        admin = context.secret(environment.restorer or section.dsn)
        identity = context.secret(backup.identity) if backup.identity is not None else None
        places = places_of(environment, context)
    except SecretMissing:
        return []
    if is_placeholder(admin.reveal()) or (dsn is not None and is_placeholder(dsn.reveal())):
        return []
    server = Server(admin, context.redact, section.timeout)
    reach = Reach(hands, outside, edge, server, dsn, context.clock)
    return [Recover(reach, context, places, identity), CutOver(reach)]
