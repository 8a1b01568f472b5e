"""The action ``verify``: a backup is believed when it was restored and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import ActionFailure, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration, rfc3339, size
from ainur_tui.systems.base import Action, Context, Observation, Step, StepContext, World
from ainur_tui.systems.postgres.backup import catalogue, names, proof
from ainur_tui.systems.postgres.backup.job import LONGEST, words
from ainur_tui.systems.postgres.backup.manifest import Manifest
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.backup.restoring import Disproved, Pouring, difference, sealed_in
from ainur_tui.systems.postgres.backup.server import Server, passing_name


def chosen(params: dict[str, str], known: set[str]) -> str:
    """The id among the parameters. Raises ``Refused`` for anything that is none."""
    if unknown := sorted(params.keys() - known):
        raise Refused(f"there is no parameter {clean(unknown[0], 60)}", 64)
    backup = params.get("id", "")
    if names.split(backup + names.MANIFEST) is None:
        raise Refused("id is the name of a backup, as `backup list` shows it", 64)
    return backup


class VerifyAction(Action):
    """Fetches a backup, restores it into a database of its own, compares, and drops that."""

    spec = ActionSpec(
        name="verify",
        targets=["db"],
        risk="R1",
        summary="prove a backup: restore it into a scratch database, count, compare, drop",
        params=[Param(name="id", type="str", help="which backup", required=True)],
    )
    verify_within = 60.0

    def __init__(self, context: Context, places: Sequence[Place], scratch: Server | None) -> None:
        self._context = context
        self._places = places
        self._scratch = scratch

    def unavailable(self) -> str | None:
        if not self._places:
            return "add a backup section with a directory or a bucket to the configuration"
        if self._scratch is None:
            return "give backup.scratch, the DSN of a server where a database may be created"
        if self._context.tools.find("pg_restore") is None:
            return "pg_restore is not found: install it or add its folder to tools.path"
        return None

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        backup = chosen(params, {"id"})
        blocked, before, facts = self.unavailable(), dict[str, object](), list[str]()
        listing = await catalogue.read(self._places, self._context.clock)
        row = next((r for r in listing.rows if r["id"] == backup and r["sha256"]), None)
        if row is None:
            blocked = blocked or f"there is no backup {backup} with a manifest"
        else:
            before = {"sha256": row["sha256"]}
            facts = [f"{size(row['bytes'])}, {row['state']}", *filter(None, [row["detail"]])]
        into = passing_name("verify", backup, self._context.clock)
        where = self._scratch.address.shown if self._scratch else "a scratch server"
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
        if self._scratch is None:
            return []
        job = _Proving(str(plan.goal["id"]), str(plan.goal["into"]), self._context, self._places,
                       self._scratch)  # fmt: skip
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
        self, backup: str, into: str, context: Context, places: Sequence[Place], scratch: Server
    ) -> None:
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
            major = await self._scratch.major()
            gone = await self._scratch.sweep()
        except (ProbeFailure, OSError) as error:
            raise ActionFailure(words(error)) from None
        if not self._sealed:
            raise ActionFailure(f"no place holds the manifest and the data of {self._id}")
        version = self._sealed[0][1].server_version
        if version.partition(".")[0] != str(major):
            raise ActionFailure(
                f"the backup is of PostgreSQL {clean(version, 20)}, the scratch server is {major}: "
                "counts and schema are compared within one major version"
            )
        swept = f"; {', '.join(gone)} of a broken run removed" if gone else ""
        return f"{len(self._sealed)} places hold it; PostgreSQL {major} will take it{swept}"

    async def prove(self, step: StepContext) -> str:
        """Restore it from one place; what the other places hold must be the same bytes."""
        clock, proven = self._context.clock, False
        for place, made in self._sealed:
            problem, began = None, clock.monotonic()
            try:
                if not proven:
                    await self._restore(place, made, step)
                    self._seconds, proven = clock.monotonic() - began, True
                elif await place.digest(self._id + names.DATA) != (made.bytes, made.sha256):
                    raise Disproved(f"{place.location(self._id + names.DATA)} is not what was"
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
        await self._scratch.create(self._into)
        try:
            await Pouring(
                place, made, self._scratch, self._into, step, self._context,
                ["--no-owner", "--no-privileges"], passing=True,
            ).pour()  # fmt: skip
            schema, rows = await self._scratch.measure(self._into)
        finally:
            await asyncio.shield(self._scratch.drop(self._into))
        if problem := difference(made, rows, None):
            raise Disproved(problem)
        if problem := difference(made, rows, schema):
            raise ActionFailure(problem)  # the rows are there: not proven, but not refuted either

    async def keep(self, step: StepContext) -> str:
        """Write what was found beside each manifest."""
        now = rfc3339(self._context.clock.now()) or ""
        try:
            for place, made, problem in self._found:
                found = proof.Proof(
                    id=self._id, sha256=made.sha256, verified_at=now,
                    rows={} if problem else made.rows, seconds=round(self._seconds, 3),
                    server_version=made.server_version, run=step.run_id, problem=problem,
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
