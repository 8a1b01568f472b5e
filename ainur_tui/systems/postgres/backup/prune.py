"""The action ``prune``: old backups go by a plan, and never the last one that was proven."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.config.types import Environment
from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import ActionFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import size
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.base import Context
from ainur_tui.systems.postgres.backup import catalogue, names, retention
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.backup.worded import worded


class PruneAction(Action):
    """Removes what retention allows, and what interrupted uploads left behind."""

    spec = ActionSpec(
        name="prune",
        targets=["db"],
        risk="R3",
        summary="Remove old backups, never the newest verified one",
        params=[
            Param(name="keep_days", type="int", help="days a backup is kept at least"),
            Param(name="keep_count", type="int", help="newest complete backups always kept"),
        ],
    )
    verify_within = 60.0

    def __init__(self, environment: Environment, context: Context, places: Sequence[Place]) -> None:
        self._backup = environment.backup
        self._context = context
        self._places = places

    def unavailable(self) -> str | None:
        if self._backup is None or not self._places:
            return "add a backup section with a directory or a bucket to the configuration"
        return None

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        days, count = self._limits(params)
        listing = await catalogue.read(self._places, self._context.clock)
        verdict = retention.judge(listing.rows, days, count, self._context.clock.now())
        blocked = self.unavailable() or verdict.blocked
        if listing.problems:
            blocked = blocked or f"not readable: {'; '.join(listing.problems)}"
        gone = [row for row in listing.rows if row["id"] in verdict.doomed]
        freed = sum(row["bytes"] or 0 for row in gone)
        return Plan(
            action="prune", target=target, risk="R3",
            params={"keep_days": str(days), "keep_count": str(count)},
            steps=[f"remove {_many(verdict.doomed)}, manifests first",
                   "remove what interrupted backups left more than a day ago"],
            affects=[], before={"remove": verdict.doomed}, goal={"remove": verdict.doomed},
            inverse=None, expected_seconds=world.usual_seconds,
            title=f"Remove {_many(gone)}, {size(freed)}" if gone else
                  "Remove leftovers: no backup is old enough to go",
            facts=[f"{row['id']} goes: {row['state']}, {size(row['bytes'] or 0)}" for row in gone],
            blocked=blocked,
        )  # fmt: skip

    def _limits(self, params: dict[str, str]) -> tuple[int, int]:
        if unknown := sorted(params.keys() - {"keep_days", "keep_count"}):
            raise Refused(f"prune has no parameter {clean(unknown[0], 60)}", 64)
        backup = self._backup
        given = {"keep_days": backup.keep_days if backup else 30,
                 "keep_count": backup.keep_count if backup else 7}  # fmt: skip
        for name, text in params.items():
            if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 100_000:
                raise Refused(f"{name} is a whole number from 1", 64)
            given[name] = int(text)
        return given["keep_days"], given["keep_count"]

    def steps(self, plan: Plan) -> list[Step]:
        async def remove(step: StepContext) -> str:
            days, count = self._limits(plan.params)
            listing = await catalogue.read(self._places, self._context.clock)
            now = retention.judge(listing.rows, days, count, self._context.clock.now())
            if now.blocked or listing.problems:
                raise ActionFailure(now.blocked or "; ".join(listing.problems))
            going = [backup for backup in plan.goal["remove"] if backup in now.doomed]
            for backup in going:
                step.progress(f"removing {backup}")
                for place in self._places:
                    for suffix in (names.PROOF, names.MANIFEST, *names.DATAS, names.CONFIG):
                        await place.remove(backup + suffix)
            step.keep(removed=going)
            return f"{_many(going)} removed"

        async def sweep(step: StepContext) -> str:
            del step
            return f"{sum([await place.sweep() for place in self._places])} leftovers removed"

        return [
            Step(plan.steps[0], worded(remove), "abort"),
            Step(plan.steps[1], worded(sweep), "abort"),
        ]

    async def observe(self, plan: Plan) -> Observation:
        listing = await catalogue.read(self._places, self._context.clock)
        if listing.problems:
            return Observation("unknown", "; ".join(listing.problems))
        left = sorted({row["id"] for row in listing.rows} & set(plan.goal["remove"]))
        if left:
            return Observation("failed", f"still there: {', '.join(left)}")
        return Observation("verified", f"{_many(listing.rows)} listed, none of those")


def _many(backups: Sequence[object]) -> str:
    return f"{len(backups)} backup{'s' * (len(backups) != 1)}"
