"""Settings that the platform keeps as secrets: set first, then each machine is updated to have
them. Values never leave the step that sends them; digests tell whether they changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from msgspec.structs import replace

from ainur_tui.model.action import Plan, Undo
from ainur_tui.model.failure import USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.model.units import some
from ainur_tui.systems.acting import Observation, Step, StepContext, World
from ainur_tui.systems.fly.fleet import EachMachine, alone, judged, machines, well
from ainur_tui.systems.fly.hands import AT_REST, BACK_WITHIN, sent
from ainur_tui.systems.fly.machines import Machine
from ainur_tui.systems.fly.moves import LOOK_FOR, aside, fit
from ainur_tui.systems.fly.secrets.rows import NAME, SET_BY, Known, flag_key, known
from ainur_tui.systems.httpfailures import HttpFailure

Values = Mapping[str, Secret | None]


@dataclass
class Change:
    """What one run has done: the version of the secrets that its machines must have."""

    version: int | None = None
    marks: dict[str, str] = field(default_factory=dict)


class Setting(EachMachine):
    """Sets values, then updates the machines one after another, unless it is staged."""

    verb = "update"

    def unavailable(self) -> str | None:
        return self.hands.forbids("secrets")

    async def draft_values(
        self, target: str, params: dict[str, str], world: World, *, names: list[str], title: str,
        rows: Mapping[str, Known], unset: bool = False, undo: Undo | None = None,
        facts: list[str] | None = None, warnings: list[str] | None = None,
        goal: dict[str, Any] | None = None,
    ) -> Plan:  # fmt: skip
        """The plan to set (or unset) ``names``, where ``rows`` is what is set now; raises Refused,
        or ProbeFailure."""
        stage = staged(params)
        all = await judged(self.hands, none_will_do=stage)
        down = [m for m, how in all if how.state == "down"]
        chosen = [] if stage else down + [m for m, how in all if how.state != "down"]
        notes = [_present(name, rows.get(name)) for name in names[:12]]
        warns = [*(warnings or [])]
        if stage:
            notes.append("Staged: no machine has it before its next update or deploy")
        else:
            way = "; stage=true leaves that out"
            notes.append(
                f"A rolling restart: each of {machines(len(chosen))} is updated and must serve"
                " before the next" + way * any(p.name == "stage" for p in self.spec.params)
            )
            warns += alone(well(all), "it restarts")
        plan = self.draft(
            target, params, all, chosen, world,
            title=title, affects=not stage and well(all) < 2, undo=undo, warnings=warns,
            facts=notes + (facts or []),
            goal={
                "names": names,
                "unset": unset,
                "stage": stage,
                "former": {n: [r.digest, r.changed] for n in names if (r := rows.get(n))},
                "machines": [
                    {"id": m.id, "region": m.region, "instance": m.instance} for m in chosen
                ],
                **(goal or {}),
            },
        )  # fmt: skip
        if stage:
            plan = replace(plan, expected_seconds=world.usual_seconds)
        return with_steps(plan, [self.first(plan), *plan.steps], rows)

    def first(self, plan: Plan) -> str:
        """The name of the step that sends the values."""
        shown = some(plan.goal["names"], 4)
        # Only a value that is no secret is in a plan.
        value = f" to {plan.goal['value']}" if "value" in plan.goal else ""
        return f"{'unset' if plan.goal['unset'] else 'set'} {shown}{value}"

    async def values(self, plan: Plan, _: StepContext) -> Values:
        """What to send; raises ActionFailure when it is not (any more) there."""
        return dict.fromkeys(plan.goal["names"])

    def steps(self, plan: Plan) -> list[Step]:
        change = Change()
        found = [Step(self.first(plan), partial(self._set, plan, change))]
        for one in plan.goal["machines"]:
            name = self.step_name(one["id"], one["region"])
            found.append(Step(name, partial(self._renew, one["id"], change)))
        return found

    async def observe(self, plan: Plan) -> Observation:
        seen, doubt = self._told(plan, await known(self.hands.client))
        if seen is None:
            return Observation("unknown" if doubt is None else "failed", doubt or UNTOLD)
        if not plan.goal["machines"]:
            return Observation("verified", f"{seen} (the platform's list of secrets)")
        found = await super().observe(plan)
        return Observation(found.state, f"{seen}; {found.by}")

    async def proof(self, machine: Machine, plan: Plan, lacks: list[str]) -> str | None:
        former = {one["id"]: one["instance"] for one in plan.goal["machines"]}
        if machine.instance == former[machine.id]:
            lacks.append(f"{machine.id} was not updated: it has the former values")
            return None
        return await self.stands(machine, plan, lacks)

    def _told(self, plan: Plan, rows: Mapping[str, Known]) -> tuple[str | None, str | None]:
        """What the digests show, else what they show instead (``None``: nothing for certain)."""
        former = plan.goal["former"]
        same = []
        for name in plan.goal["names"]:
            row = rows.get(name)
            if plan.goal["unset"] and row is not None:
                return None, f"{name} is still set"
            if not plan.goal["unset"] and row is None:
                return None, f"{name} is not set"
            if row is not None and former.get(name) == [row.digest, row.changed]:
                same.append(name)
        if same:
            return None, None
        if plan.goal["unset"]:
            return f"{', '.join(plan.goal['names'])}: no longer set", None
        told = [f"{n} has digest {rows[n].digest}" for n in plan.goal["names"][:6]]
        return "; ".join(told), None

    async def _set(self, plan: Plan, change: Change, context: StepContext) -> str:
        values = await self.values(plan, context)
        try:
            change.version = await self.hands.client.set_secrets(values)
        except HttpFailure as failure:
            # Its words may hold the value that was sent: they are told to nobody.
            if failure.status < 500 and failure.status != 408:
                raise ActionFailure(f"the platform refuses it: status {failure.status}") from None
            context.progress("the platform failed; looking at the digests")
        except ProbeFailure as failure:
            if failure.kind not in {"timeout", "bad answer"}:
                raise ActionFailure(f"not sent: {failure.kind}") from None
            context.progress("the answer was lost; looking at the digests")
        accepted = change.version is not None

        async def told() -> str | None:
            rows = await known(self.hands.client)
            seen, _ = self._told(plan, rows)
            if seen is None and not accepted:
                return None
            shown = str(plan.goal.get("value", ""))
            for name in values:
                if name in rows:
                    change.marks[flag_key(name)] = mark(rows[name], context.run_id, shown)
            context.keep(digests={n: rows[n].digest for n in values if n in rows})
            return seen or "set; its digest is as before"

        return await context.until(told, LOOK_FOR)

    async def _renew(self, id: str, change: Change, context: StepContext) -> str:
        hands = self.hands
        async with hands.leased(id, context) as nonce:
            machine = await hands.client.machine(id, hands.app)
            asleep = machine.state in AT_REST
            metadata = {**(machine.config.get("metadata") or {}), **change.marks}
            config = {**machine.config, "metadata": metadata | {SET_BY: context.run_id}}
            context.progress(f"{id} ({machine.state}) is updated")
            update = partial(
                hands.client.update, machine, config, nonce, hands.app,
                secrets=change.version, launch=not asleep,
            )  # fmt: skip

            async def ready(routed: bool) -> str | None:
                now = await hands.client.machine(id, hands.app)
                if now.instance == machine.instance:
                    context.progress(f"{id} has the former version still")
                    return None
                if asleep and now.state in AT_REST:
                    return f"{id} is updated and still {now.state}"
                if not routed or machine.cordoned:
                    return fit(hands, now, context)
                return await hands.serves(now, context.progress)

            async with aside(hands, machine, nonce, context):
                await sent(update(), context)
                await context.until(partial(ready, False), BACK_WITHIN)
            return await context.until(partial(ready, True), BACK_WITHIN)


UNTOLD = "the digest is as before: not set, or set to the same value"


def with_steps(plan: Plan, steps: list[str], rows: Mapping[str, Known]) -> Plan:
    """The plan with its steps, resting on the digests as well."""
    digests = {name: rows[name].digest for name in plan.goal["names"] if name in rows}
    return replace(plan, steps=steps, before={**plan.before, "digests": digests})


def mark(row: Known, run: str, value: str) -> str:
    """What a machine's metadata keep of a setting: digest, run, and a value that is no secret."""
    return f"{row.digest} {run} {value}".strip()


def staged(params: Mapping[str, str]) -> bool:
    """Whether ``stage`` is asked for; raises Refused (64) for neither true nor false."""
    given = params.get("stage", "false").lower()
    if given not in {"true", "false", ""}:
        raise Refused("stage is true or false", USAGE)
    return given == "true"


def named(params: Mapping[str, str]) -> str:
    """The parameter ``name``; raises Refused (64) for what cannot be one."""
    name = params.get("name", "")
    if not NAME.fullmatch(name):
        raise Refused("name is an environment variable's: LETTERS_DIGITS_UNDERSCORES", USAGE)
    return name


def _present(name: str, row: Known | None) -> str:
    return f"{name}: not set now" if row is None else f"{name}: digest {row.digest} now"
