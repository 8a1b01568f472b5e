"""The action ``restore``: a backup into a new database, counted beside the live one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.base import Context
from ainur_tui.systems.postgres.backup import catalogue, names
from ainur_tui.systems.postgres.backup.job import LONGEST, words
from ainur_tui.systems.postgres.backup.locale import differences
from ainur_tui.systems.postgres.backup.manifest import SEALED_FORMAT, Manifest
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.backup.restoring import NO_IDENTITY, Pouring, difference, sealed_in
from ainur_tui.systems.postgres.backup.server import NAME, Server, passing_name
from ainur_tui.systems.postgres.backup.verify import chosen
from ainur_tui.systems.postgres.backup.worded import worded

_MOST_TABLES = 12
_COUNTING = 10.0
"""Seconds a plan may spend on counting the live rows."""


class RestoreAction(Action):
    """Restores into a database that was not there before; no existing one is ever touched."""

    spec = ActionSpec(
        name="restore",
        targets=["db"],
        risk="R3",
        summary="Restore a backup into a new database beside the live one",
        params=[
            Param(name="id", type="str", help="which backup", required=True),
            Param(name="into", type="str", help="the new database's name", required=True),
            Param(
                name="owners", type="bool", default="true", choices=["true", "false"],
                help="give tables back to their owners (false where those roles are not there)",
            ),
        ],
    )  # fmt: skip
    verify_within = 60.0

    def __init__(
        self,
        context: Context,
        places: Sequence[Place],
        server: Server,
        identity: Secret | None = None,
    ) -> None:
        self._identity = identity
        self._context = context
        self._places = places
        self._server = server

    def unavailable(self) -> str | None:
        if not self._places:
            return "add a backup section with a directory or a bucket to the configuration"
        if self._context.tools.find("pg_restore") is None:
            return "pg_restore is not found: install it or add its folder to tools.path"
        return None

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        backup, into = chosen(params, {"id", "into", "owners"}), params.get("into", "")
        owners = params.get("owners", "true")
        if not NAME.fullmatch(into):
            raise Refused("into is a new database's name of a-z, 0-9 and _", 64)
        if owners not in {"true", "false"}:
            raise Refused("owners is true or false", 64)
        passing = passing_name("restore", backup, self._context.clock)
        blocked, facts, warnings = self.unavailable(), list[str](), list[str]()
        listing = await catalogue.read(self._places, self._context.clock)
        row = next((r for r in listing.rows if r["id"] == backup), None)
        if row is None or row["state"] != "complete" or not row["rows"]:
            why = f"is {row['state']}: {row['detail'] or 'no manifest'}" if row else "is not there"
            blocked = blocked or f"{backup} {why}"
        else:
            ago = self._context.clock.now() - (names.begun_at(backup) or 0.0)
            warnings.append(f"what was written after {row['created_at']} ({duration(ago)} ago)"
                            " is not in it")  # fmt: skip
            if row["format"] == SEALED_FORMAT and self._identity is None:
                blocked = blocked or NO_IDENTITY
            if not row["verified_at"]:
                warnings.append("it was never restored and counted: verify it first if you can")
            facts += await self._beside(row["rows"])
        try:
            blocked = blocked or await self._server.lacks("databases")
            if await self._server.exists(into):
                blocked = blocked or f"there is a database {into} already; give a new name"
        except ProbeFailure as failure:
            blocked = blocked or str(failure)
        return Plan(
            action="restore", target=target, risk="R3",
            params={"id": backup, "into": into, "owners": owners},
            steps=[
                "check pg_restore, and that the name is free",
                f"restore {backup} into the new database {into}",
                "count its rows and compare with backup time",
            ],
            affects=[], before={"sha256": row["sha256"] if row else None},
            goal={"id": backup, "into": into, "by": passing}, inverse=None,
            expected_seconds=world.usual_seconds,
            title=f"Restore {backup} into the new database {into}",
            warnings=warnings, facts=facts, blocked=blocked,
        )  # fmt: skip

    async def _beside(self, rows: dict[str, int]) -> list[str]:
        """Rows at backup time beside the live ones; that one may be lost."""
        live: dict[str, int] = {}
        said = []
        try:
            async with asyncio.timeout(_COUNTING):
                _, counted = await self._server.measure(self._server.address.database)
            live = {clean(name, 120): count for name, count in counted.items()}
        except (ProbeFailure, TimeoutError) as failure:
            said = [f"live rows not counted: {str(failure) or 'it took too long'}"]
        for name, count in sorted(rows.items(), key=lambda one: -one[1])[:_MOST_TABLES]:
            beside = f"{live[name]:,} live" if name in live else "not known live"
            said.append(f"{name}: {count:,} at backup time, {beside}")
        return said

    def steps(self, plan: Plan) -> list[Step]:
        backup, into = str(plan.goal["id"]), str(plan.goal["into"])
        options = [] if plan.params["owners"] == "true" else ["--no-owner", "--no-privileges"]
        sealed: list[tuple[Place, Manifest]] = []

        passing = str(plan.goal["by"])

        async def check(step: StepContext) -> str:
            del step
            sealed.extend(await self._sealed(backup))
            if await self._server.exists(into):
                raise ActionFailure(f"there is a database {into} already")
            gone = await self._server.sweep()
            swept = f"; {', '.join(gone)} of a broken run removed" if gone else ""
            return f"{len(sealed)} places hold it{swept}"

        async def fetch(step: StepContext) -> str:
            place, made = sealed[0]
            began = self._context.clock.monotonic()
            await self._server.create(passing, made.locale)
            try:
                await Pouring(
                    place,
                    made,
                    self._server,
                    passing,
                    step,
                    self._context,
                    options,
                    identity=self._identity,
                ).pour()
            except BaseException:
                await asyncio.shield(self._server.drop(passing))
                raise
            return f"restored in {duration(self._context.clock.monotonic() - began)}"

        async def count(step: StepContext) -> str:
            _, rows = await self._server.measure(passing)
            if problem := difference(sealed[0][1], rows, None):
                raise ActionFailure(problem)
            other = differences(sealed[0][1].locale, await self._server.locale(passing))
            listing = await catalogue.read(self._places, self._context.clock)
            # Only what is whole ever has the name that was asked for, wherever a crash falls.
            await self._server.rename(passing, into)
            step.keep(
                backup=next((row for row in listing.rows if row["id"] == backup), None),
                database=into, rows={clean(name, 120): found for name, found in rows.items()},
                locale_differs=other,
            )  # fmt: skip
            told = f"{sum(rows.values()):,} rows in {len(rows)} tables, as at backup time"
            return "; ".join([told, *other])

        async def undo() -> None:
            await self._server.drop(passing)

        return [
            Step(plan.steps[0], worded(check), "abort"),
            Step(plan.steps[1], worded(fetch), "abort", undo=undo, limit=LONGEST),
            Step(plan.steps[2], worded(count), "abort", limit=LONGEST),
        ]

    async def _sealed(self, backup: str) -> list[tuple[Place, Manifest]]:
        """The places whose data are as the catalogue believes them."""
        listing = await catalogue.read(self._places, self._context.clock)
        good = {place for row in listing.rows if row["id"] == backup for place in row["locations"]}
        found = await sealed_in(self._places, backup)
        kept = [(p, made) for p, made in found if p.location(made.data) in good]
        if not kept:
            raise ActionFailure(f"no place holds the whole of {backup}")
        return kept

    async def observe(self, plan: Plan) -> Observation:
        into = str(plan.goal["into"])
        try:
            sealed = await self._sealed(str(plan.goal["id"]))
            if not await self._server.exists(into):
                return Observation("failed", f"there is no database {into}")
            _, rows = await self._server.measure(into)
        except (ProbeFailure, ActionFailure, OSError) as error:
            return Observation("unknown", words(error))
        if problem := difference(sealed[0][1], rows, None):
            return Observation("failed", problem)
        return Observation("verified", f"{into} holds {sum(rows.values()):,} rows, as the manifest")
