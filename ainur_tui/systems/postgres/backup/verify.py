"""The action ``verify``: a backup is believed when it was restored and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration, rfc3339, size
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.base import Context
from ainur_tui.systems.postgres.backup import catalogue, custody, names, proof
from ainur_tui.systems.postgres.backup.job import LONGEST, words
from ainur_tui.systems.postgres.backup.manifest import SEALED_FORMAT, Manifest
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.backup.restoring import (
    NO_IDENTITY,
    Disproved,
    Pouring,
    difference,
    sealed_in,
)
from ainur_tui.systems.postgres.backup.scratch import Scratch
from ainur_tui.systems.postgres.backup.server import Server, passing_name


def chosen(params: dict[str, str], known: set[str]) -> str:
    """The id among the parameters. Raises ``Refused`` for anything that is none."""
    if unknown := sorted(params.keys() - known):
        raise Refused(f"there is no parameter {clean(unknown[0], 60)}", 64)
    backup = params.get("id", "")
    if names.split(backup + names.MANIFEST) is None:
        raise Refused("id is the name of a backup, as `backup list` shows it", 64)
    return backup


def _newest(rows: Sequence[dict[str, Any]]) -> str:
    for row in rows:
        if row["state"] == "complete" and row["sha256"]:
            return str(row["id"])
    raise Refused("there is no complete backup to verify", 69)


class VerifyAction(Action):
    """Fetches a backup, restores it into a database of its own, compares, and drops that."""

    spec = ActionSpec(
        name="verify",
        targets=["db"],
        risk="R1",
        summary="Prove a backup: restore it into a scratch database, count, compare, drop",
        params=[Param(name="id", type="str", help="which backup (or: newest)", required=True)],
    )
    verify_within = 60.0

    def __init__(
        self,
        context: Context,
        places: Sequence[Place],
        scratch: Scratch,
        identity: Secret | None = None,
    ) -> None:
        self._identity = identity
        self._context = context
        self._places = places
        self._scratch = scratch

    def unavailable(self) -> str | None:
        if not self._places:
            return "add a backup section with a directory or a bucket to the configuration"
        if self._context.tools.find("pg_restore") is None:
            return "pg_restore is not found: install it or add its folder to tools.path"
        return None

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        blocked, before, facts = self.unavailable(), dict[str, object](), list[str]()
        listing = await catalogue.read(self._places, self._context.clock)
        if params.get("id") == "newest":
            params = params | {"id": _newest(listing.rows)}
        backup = chosen(params, {"id"})
        row = next((r for r in listing.rows if r["id"] == backup and r["sha256"]), None)
        if row is None:
            blocked = blocked or f"there is no backup {backup} with a manifest"
        else:
            before = {"sha256": row["sha256"]}
            if row["format"] == SEALED_FORMAT and self._identity is None:
                blocked = blocked or NO_IDENTITY
            facts = [f"{size(row['bytes'])}, {row['state']}", *filter(None, [row["detail"]])]
        try:
            blocked = blocked or await self._scratch.lacks()
        except ProbeFailure as failure:
            blocked = f"the scratch server: {failure}"
        into = passing_name("verify", backup, self._context.clock)
        where = self._scratch.shown
        return Plan(
            action="verify", target=target, risk="R1", params={"id": backup},
            steps=[
                "check pg_restore and the scratch server",
                f"restore {backup} into {into} on {where}, count, and drop it",
                "keep the result beside the manifest",
            ],
            affects=[], before=before,
            goal={"id": backup, "into": into, "was": row["verified_at"] if row else None},
            inverse=None, expected_seconds=world.usual_seconds,
            title=f"Verify {backup} by restoring it",
            warnings=[f"not readable: {problem}" for problem in listing.problems],
            facts=facts, blocked=blocked,
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        job = _Proving(str(plan.goal["id"]), str(plan.goal["into"]), self._context, self._places,
                       self._scratch, identity=self._identity)  # fmt: skip
        check, prove, keep = plan.steps
        return [
            Step(check, job.check, "abort"),
            Step(prove, job.prove, "abort", limit=LONGEST),
            Step(keep, job.keep),
        ]

    async def observe(self, plan: Plan) -> Observation:
        listing = await catalogue.read(self._places, self._context.clock)
        for row in listing.rows:
            if row["id"] == plan.goal["id"] and row["verified_at"]:
                if row["verified_at"] == plan.goal["was"]:
                    break
                rows = sum(row["verified_rows"].values())
                return Observation("verified", f"{rows:,} rows restored and counted, as manifest")
        return Observation("failed", f"no proof of {plan.goal['id']} was written")


class _Proving:
    """The state that the steps of one verification share. Every step raises ``ActionFailure``."""

    def __init__(
        self,
        backup: str,
        into: str,
        context: Context,
        places: Sequence[Place],
        scratch: Scratch,
        *,
        identity: Secret | None,
    ) -> None:
        self._identity = identity
        self._id = backup
        self._into = into
        self._context = context
        self._places = places
        self._scratch = scratch
        self._sealed: list[tuple[Place, Manifest]] = []
        self._found: list[tuple[Place, Manifest, str | None]] = []
        self._seconds = 0.0

    async def check(self, step: StepContext) -> str:
        """The manifests, and a server of the same major version."""
        del step
        try:
            self._sealed = await sealed_in(self._places, self._id)
            if not self._sealed:
                raise ActionFailure(f"no place holds the manifest and the data of {self._id}")
            found = await self._scratch.check(self._sealed[0][1])
        except (ProbeFailure, OSError) as error:
            raise ActionFailure(words(error)) from None
        return f"{len(self._sealed)} places hold it; {found}"

    async def prove(self, step: StepContext) -> str:
        """Restore it from one place; what the other places hold must be the same bytes."""
        clock, proven = self._context.clock, False
        for place, made in self._sealed:
            problem, began = None, clock.monotonic()
            try:
                if not proven:
                    await self._restore(place, made, step)
                    self._seconds, proven = clock.monotonic() - began, True
                elif await place.digest(made.data) != (made.bytes, made.sha256):
                    raise Disproved(f"{place.location(made.data)} is not what was"
                                    " written")  # fmt: skip
            except Disproved as error:
                problem = str(error)
            except (ProbeFailure, OSError) as error:
                raise ActionFailure(words(error)) from None
            self._found.append((place, made, problem))
        return "; ".join(problem for *_, problem in self._found if problem) or (
            f"{sum(self._sealed[0][1].rows.values()):,} rows in {duration(self._seconds)}"
        )

    async def _restore(self, place: Place, made: Manifest, step: StepContext) -> None:
        async with self._scratch.open(made) as server:
            schema, rows = await self._restored(server, place, made, step)
        if problem := difference(made, rows, None):
            raise Disproved(problem)
        if problem := difference(made, rows, schema):
            raise ActionFailure(problem)  # the rows are there: not proven, but not refuted either

    async def _restored(
        self, server: Server, place: Place, made: Manifest, step: StepContext
    ) -> tuple[str, dict[str, int]]:
        await server.create(self._into)
        try:
            await Pouring(
                place, made, server, self._into, step, self._context,
                ["--no-owner", "--no-privileges"], passing=True, identity=self._identity,
            ).pour()  # fmt: skip
            return await server.measure(self._into)
        finally:
            await asyncio.shield(server.drop(self._into))

    async def _past(self, place: Place, made: Manifest) -> tuple[bytes, list[custody.Custody]]:
        """The manifest as it lies there, and what is known of those who had the backup."""
        sealed = await place.read(self._id + names.MANIFEST)
        created = custody.Custody(
            at=made.created_at, what="created", run=made.run, host=made.host,
            operator=made.operator,
        )  # fmt: skip
        known = None
        if await place.size(self._id + names.PROOF) is not None:
            known = proof.decode(await place.read(self._id + names.PROOF), self._id)
        if known is not None and known.custody and custody.unbroken(sealed, known.custody):
            return sealed, known.custody
        return sealed, custody.extended(sealed, [], created)

    async def keep(self, step: StepContext) -> str:
        """Write what was found beside each manifest."""
        now = rfc3339(self._context.clock.now()) or ""
        try:
            for place, made, problem in self._found:
                past = await self._past(place, made)
                found = proof.Proof(
                    id=self._id, sha256=made.sha256, verified_at=now,
                    rows={} if problem else made.rows, seconds=round(self._seconds, 3),
                    server_version=made.server_version, run=step.run_id, problem=problem,
                    custody=custody.extended(*past, custody.Custody(
                        at=now, what="disproved" if problem else "restored and counted",
                        run=step.run_id, host=custody.host(), operator=custody.account(),
                    )),
                )  # fmt: skip
                await place.remove(self._id + names.PROOF)
                await place.write(self._id + names.PROOF, proof.encode(found))
            listing = await catalogue.read(self._places, self._context.clock)
        except (ProbeFailure, OSError) as error:
            raise ActionFailure(words(error)) from None
        step.keep(backup=next((row for row in listing.rows if row["id"] == self._id), None))
        if bad := [problem for *_, problem in self._found if problem]:
            raise ActionFailure("; ".join(bad))
        return f"{self._id} is verified"
