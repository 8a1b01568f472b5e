"""The action ``backup`` on the database."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.config.types import Environment
from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration, size
from ainur_tui.systems.acting import Action, Observation, Step, World
from ainur_tui.systems.base import Context
from ainur_tui.systems.postgres import queries
from ainur_tui.systems.postgres.backup import catalogue, dump, manifest, names, sealing
from ainur_tui.systems.postgres.backup.beside import Document
from ainur_tui.systems.postgres.backup.job import LONGEST, Job
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.client import Database, version_text

_YES = {"true", "yes", "1"}
_NO = {"false", "no", "0", ""}


class BackupAction(Action):
    """Streams one consistent dump to every place, reads it back, and only then seals it.

    Nothing is ever removed but what the same run wrote (G-325).
    """

    spec = ActionSpec(
        name="backup",
        targets=["db"],
        risk="R1",
        summary="Take a verified backup of the database",
        params=[
            Param(
                name="allow_smaller",
                type="bool",
                help="accept a backup of less than half the last one's size",
                default="false",
            )
        ],
    )
    verify_within = 60.0

    def __init__(
        self,
        environment: Environment,
        context: Context,
        database: Database,
        places: Sequence[Place],
        document: Document | None = None,
    ) -> None:
        self._document = document
        self._environment = environment
        self._context = context
        self._database = database
        self._places = places

    def unavailable(self) -> str | None:
        wanted = self._environment.backup
        if wanted is None:
            return "add a backup section with a directory or a bucket to the configuration"
        if wanted.bucket and self._environment.storage is None:
            return "backup.bucket needs a storage section"
        if not self._places:
            return "give backup.directory or backup.bucket in the configuration"
        if self._context.tools.find("pg_dump") is None:
            return "pg_dump is not found: install it or add its folder to tools.path"
        return sealing.problem(wanted.recipients)

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        if target != "db":
            raise Refused(f"backup works on db, not on {clean(target, 60)}", 64)
        allowed = _parameter(params)
        address = self._database.address
        blocked = self.unavailable()
        before: dict[str, object] = {
            "database": address.shown, "places": [place.shown for place in self._places]
        }  # fmt: skip
        facts: list[str] = []
        try:
            async with self._database.short() as connection:
                total = float((await connection.fetch(queries.SIZE))[0]["size"])
                before["server_version"] = version_text(connection)
                blocked = blocked or await dump.unreadable(connection)
            facts.append(f"{address.shown} holds {size(total)}")
        except ProbeFailure as failure:
            blocked = blocked or str(failure)
        listing = await catalogue.read(self._places, self._context.clock)
        facts.append(_last(listing.rows, self._context.clock.now()))
        return Plan(
            action="backup",
            target=target,
            risk="R1",
            params={"allow_smaller": "true" if allowed else "false"},
            steps=[
                "check pg_dump, the room and the places",
                f"dump one snapshot to {' and '.join(p.shown for p in self._places) or 'nowhere'}",
                "read it back and compare size and SHA-256",
                "keep the configuration beside it, write the manifest",
            ],
            affects=[],
            before=before,
            goal={
                "id": self._free_id(listing.rows),
                "places": [place.shown for place in self._places],
            },
            inverse=None,
            expected_seconds=world.usual_seconds,
            title=f"Back up {clean(address.database, 60)} to {len(self._places)} places",
            warnings=[f"not readable: {problem}" for problem in listing.problems],
            facts=facts,
            blocked=blocked,
        )

    def _free_id(self, rows: Sequence[dict[str, object]]) -> str:
        taken = {row["id"] for row in rows}
        at = self._context.clock.now()
        while names.identity(at) in taken:
            at += 1
        return names.identity(at)

    def steps(self, plan: Plan) -> list[Step]:
        job = Job(
            str(plan.goal["id"]),
            self._context,
            self._database,
            self._of(plan),
            allow_smaller=plan.params.get("allow_smaller") == "true",
            recipients=self._environment.backup.recipients if self._environment.backup else (),
            document=self._document,
        )
        check, dump, verify, seal = plan.steps
        return [
            Step(check, job.check, "abort"),
            Step(dump, job.dump, "abort", undo=job.discard, limit=LONGEST + 60),
            Step(verify, job.verify, "abort", undo=job.discard, limit=LONGEST + 60),
            Step(seal, job.seal, "finish", undo=job.discard),
        ]

    def _of(self, plan: Plan) -> list[Place]:
        return [place for place in self._places if place.shown in plan.goal["places"]]

    async def observe(self, plan: Plan) -> Observation:
        backup, places = str(plan.goal["id"]), self._of(plan)
        missing = len(plan.goal["places"]) - len(places)
        if missing or not places:
            return Observation("unknown", f"{missing} of its places are no longer configured")
        seen: list[manifest.Manifest] = []
        for place in places:
            try:
                there = await place.size(backup + names.MANIFEST)
                if there is None:
                    return Observation("failed", f"no manifest of {backup} in {place.shown}")
                made = manifest.decode(await place.read(backup + names.MANIFEST), backup)
                data = await place.size(made.data) if made else None
            except (ProbeFailure, OSError) as error:
                return Observation("unknown", f"{place.shown}: {clean(error, 200)}")
            if made is None or data != made.bytes:
                return Observation("failed", f"{place.shown}: the data are not the manifest's")
            seen.append(made)
        if len({made.sha256 for made in seen}) > 1:
            return Observation("failed", "the places hold different backups of one name")
        return Observation(
            "verified",
            f"manifest and {size(seen[0].bytes)} of data in "
            + " and ".join(place.shown for place in places),
        )


def _parameter(params: dict[str, str]) -> bool:
    unknown = sorted(params.keys() - {"allow_smaller"})
    if unknown:
        raise Refused(f"backup has no parameter {clean(unknown[0], 60)}", 64)
    value = params.get("allow_smaller", "false").lower()
    if value not in _YES | _NO:
        raise Refused("allow_smaller is true or false", 64)
    return value in _YES


def _last(rows: Sequence[dict[str, object]], now: float) -> str:
    for row in rows:
        if row["state"] == "complete":
            ago = now - (names.begun_at(str(row["id"])) or now)
            return f"last complete backup {duration(max(0.0, ago))} ago"
    return "no complete backup yet"
