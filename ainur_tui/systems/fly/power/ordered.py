"""Shut everything down and start it again, in the order in which the parts need each other. Each
part is an action of its own; one is touched only after those before it are seen to be done."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.rules.graph import stop_order
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.fly.fleet import load, sentence
from ainur_tui.systems.fly.power import chain

PAGE = "frontend"
"""The part that is the maintenance page."""
LEAVE = Param(name="leave", type="str", help="what stays as it is: node, or frontend,node")


@dataclass(frozen=True)
class Part:
    """What is taken down and brought up: its name in the graph of needs, and the two actions.

    ``takes`` names the parameters it is given. One that is not ``seen_when_down`` is verified
    before the next part, not again in the end. Where an ``optional`` one cannot be planned, it is
    left out with a warning.
    """

    name: str
    target: str
    down: Action
    up: Action
    takes: frozenset[str] = frozenset()
    seen_when_down: bool = True
    optional: bool = False


class _Ordered(Action):
    down: bool
    verify_within = 90.0

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = {part.name: part for part in parts}

    def unavailable(self) -> str | None:
        own = self._parts.get("api")
        return None if own is None else self._action(own).unavailable()

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        given = {name: value.strip() for name, value in params.items() if value.strip()}
        leave = {one for one in given.get("leave", "").replace(",", " ").split() if one}
        if strange := leave - self._parts.keys():
            raise Refused(
                f"leave names parts: {', '.join(self._parts)}; not {', '.join(sorted(strange))}",
                USAGE,
            )
        order = stop_order(list(self._parts), world.dependants)
        found: dict[str, Plan] = {}
        notes, warnings = [], []
        for name in order if self.down else reversed(order):
            if name in leave:
                notes.append(f"{name}: stays as it is")
                continue
            try:
                found[name] = await self._plan(self._parts[name], given, world)
            except AlreadySo as so:
                notes.append(f"{name}: {so}")
            except _LeftOut as out:
                warnings.append(str(out))
        if not any(self._lasts(name) for name in found):
            raise AlreadySo(f"nothing to {'stop' if self.down else 'start'}: {'; '.join(notes)}")
        return self._draft(target, given, found, world, notes=notes, warnings=warnings)

    async def _plan(self, part: Part, given: dict[str, str], world: World) -> Plan:
        action = self._action(part)
        why = action.unavailable()
        if why is None:
            params = {name: value for name, value in given.items() if name in part.takes}
            try:
                return await action.plan(part.target, params, world)
            except AlreadySo:
                raise
            except (ProbeFailure, Refused) as failure:
                if isinstance(failure, Refused) and failure.code == USAGE:
                    raise
                why = str(failure)
        if part.optional:
            raise _LeftOut(f"{part.name} is left as it is: {why}")
        raise Refused(f"{part.name}: {why}. leave={part.name} goes on without it", UNAVAILABLE)

    def _draft(
        self, target: str, given: dict[str, str], found: dict[str, Plan], world: World, *,
        notes: list[str], warnings: list[str],
    ) -> Plan:  # fmt: skip
        # What was at rest before stays so when this is taken back.
        other = ",".join(name for name in self._parts if name not in found)
        undo = Undo(
            action="start-all" if self.down else "shutdown-all",
            target=target,
            params={"leave": other} if other else {},
        )
        seconds = [plan.expected_seconds or 0.0 for plan in found.values()]
        words = " → ".join(found)
        hit = dict.fromkeys(one for name in found for one in [name, *world.dependants(name)])
        # How maintenance mode is set concerns nobody here; that it is, the steps say.
        shown = {name: plan for name, plan in found.items() if name != PAGE}
        told = [warning for plan in shown.values() for warning in plan.warnings]
        if self.down:
            told = ["Users have no service until start-all", *told]
        plan = Plan(
            action=self.spec.name,
            target=target,
            risk=self.spec.risk,
            params=given,
            steps=[],
            affects=[one for one in hit if one != target] if self.down else [],
            before={name: plan.before for name, plan in found.items()},
            goal={"parts": chain.kept(found)},
            inverse=sentence(undo),
            undo=undo,
            expected_seconds=world.usual_seconds or sum(seconds),
            title=f"{'Shut down' if self.down else 'Start'} in order: {words}",
            warnings=[*warnings, *dict.fromkeys(told)],
            facts=[*notes, *(f"{n}: {fact}" for n, plan in shown.items() for fact in plan.facts)],
            policy=next((plan.policy for plan in found.values() if plan.policy), None),
            blocked=next((plan.blocked for plan in found.values() if plan.blocked), None),
            load=load(world, "api") if self.down else [],
        )
        return replace(plan, steps=[step.name for step in self.steps(plan)])

    def steps(self, plan: Plan) -> list[Step]:
        found: list[Step] = []
        done: list[tuple[Part, Plan]] = []
        for part, own in self._own(plan):
            if done:
                name = f"{done[-1][0].name}: checked, before {part.name} is touched"
                found.append(Step(name, partial(self._seen, list(done)), "abort"))
            found += [
                dataclasses.replace(step, name=f"{part.name}: {step.name}")
                for step in self._action(part).steps(own)
            ]
            done.append((part, own))
        return found

    async def observe(self, plan: Plan) -> Observation:
        own = [(part, plan) for part, plan in self._own(plan) if self._lasts(part.name)]
        return await self._together(own)

    async def _seen(self, done: list[tuple[Part, Plan]], context: StepContext) -> str:
        """Wait until the part just done, and those before it, are as they should be."""
        wanted = [one for one in done[:-1] if self._lasts(one[0].name)] + done[-1:]
        within = self._action(done[-1][0]).verify_within
        return await chain.seen(partial(self._together, wanted), within, context)

    async def _together(self, own: list[tuple[Part, Plan]]) -> Observation:
        found = [(part.name, await self._action(part).observe(plan)) for part, plan in own]
        bad = [one for one in found if one[1].state != "verified"]
        by = "; ".join(f"{name}: {seen.by}" for name, seen in bad or found)
        failed = any(seen.state == "failed" for _, seen in bad)
        return Observation("failed" if failed else "unknown" if bad else "verified", by)

    def _own(self, plan: Plan) -> Iterator[tuple[Part, Plan]]:
        for one in plan.goal["parts"]:
            if one["part"] not in self._parts:
                raise ActionFailure(f"{one['part']} is not configured here any more")
            yield self._parts[one["part"]], msgspec.convert(one["plan"], Plan)

    def _action(self, part: Part) -> Action:
        return part.down if self.down else part.up

    def _lasts(self, name: str) -> bool:
        return self._parts[name].seen_when_down or not self.down


class _LeftOut(Exception):
    """A part that cannot be planned and need not be; the text says why."""


class ShutdownAll(_Ordered):
    """Users' page first, the database last; what follows a part that fails is not touched."""

    down = True
    spec = ActionSpec(
        name="shutdown-all",
        targets=["api"],
        risk="R3",
        summary="Maintenance page, drain, background work, API, node, database: each after the"
        " one that needs it",
        params=[
            Param(
                name="workers", type="str", help="background work: wait for it, or abort it",
                default="wait", choices=["wait", "abort"],
            ),
            Param(name="reason", type="str", help="why background work is aborted"),
            LEAVE,
        ],
        inverse="start-all api",
    )  # fmt: skip


class StartAll(_Ordered):
    """The reverse: each must serve before what needs it is started; the page goes last."""

    down = False
    spec = ActionSpec(
        name="start-all",
        targets=["api"],
        risk="R2",
        summary="Database, node, API, maintenance page off: each must serve before the next",
        params=[LEAVE],
        inverse="shutdown-all api",
    )
