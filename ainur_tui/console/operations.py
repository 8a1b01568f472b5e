"""From a key to a run: which action, on what, the plan, the confirmation."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.plan import Decision, PlanDialog
from ainur_tui.console.draw.others import others, short
from ainur_tui.console.draw.plans import Around
from ainur_tui.console.panels.base import Selection
from ainur_tui.console.talk import Talk
from ainur_tui.console.wishes import Wish, strangeness, wishes
from ainur_tui.model.action import ActionSpec, BreakGlass, Plan, Run
from ainur_tui.model.facts import MOVED, changes
from ainur_tui.model.runcalls import PlanQuery, RunCall
from ainur_tui.model.target import kind_of
from ainur_tui.model.wire import BreakGlassCall

READING = "this console may only look: it shows the plan and runs nothing"

Begin = Callable[[RunCall], Awaitable[Run | None]]
"""How a decided call becomes a run."""


class Operations(Talk):
    """Leads one wish at a time through the dialogs."""

    async def choose(self, name: str | None, selection: Selection) -> None:
        """Offer what can be done: one action on its targets, or all actions on the selection."""
        specs: list[ActionSpec] | None = await self.ask(lambda: self._app.session.call("actions"))
        if specs is None:
            return
        if self._app.store.view is None:
            self.tell("Not yet", "The engine has not told yet what it watches; try again in a"
                      " moment.")  # fmt: skip
            return
        choices = wishes(specs, self._app.store.view)
        if name is not None:
            choices = [c for c in choices if c.value[0].name == name]
            choices.sort(key=lambda c: c.value[1] != selection.target)
        elif selection.target is not None:
            # A machine is selected nearly always: what can be done to the whole comes after it.
            whole = kind_of(selection.target).partition("/")[0]
            places = [selection.target, whole]
            choices = [c for c in choices if c.value[1] in places]
            about = selection.params
            choices.sort(key=lambda c: (places.index(c.value[1]), strangeness(c, about)))
        if not choices:
            where = f" on {selection.target}" if selection.target and name is None else ""
            self.tell("Nothing to do", f"No action is offered{where} by what is configured.")
            return
        title = "Actions" if name is None else f"{name.capitalize()} what?"
        only = choices[0] if len(choices) == 1 and choices[0].reason is None else None
        wish = only.value if only else await self.show(
            ChooseDialog(title, choices, self._app.glyphs)
        )  # fmt: skip
        if wish is not None:
            await self.operate(wish, selection.params)

    async def operate(
        self, wish: Wish, params: dict[str, str], *, decided: bool = False, undoes: str = "",
        begin: Begin | None = None,
    ) -> None:  # fmt: skip
        """Parameters (unless ``decided``), plan, confirmation, run, progress. ``begin`` begins the
        run in another way; where it gives none, its progress is shown elsewhere."""
        spec, target = wish
        takes = spec.asks(kind_of(target))
        known = {p.name: params[p.name] for p in takes if p.name in params}
        asks = [p for p in takes if p.type != "secret" or not self._app.store.read_only]
        # One thing to name, and it is selected: the plan shows it, and asks.
        named = len(asks) == 1 and asks[0].required and asks[0].name in known
        if decided or not asks or named:
            await self._carry(wish, known, undoes, begin=begin)
            return
        trouble = ""
        while True:
            title = f"{spec.name.capitalize()} {target}"
            dialog = AskDialog(title, asks, known, self._app.glyphs, trouble)
            asked: dict[str, str] | None = await self.show(dialog)
            if asked is None:
                return
            try:
                await self._carry(wish, asked, undoes, form=True)
            except CallError as error:
                known, trouble = asked, error.message
            else:
                return

    async def _carry(
        self, wish: Wish, known: dict[str, str], undoes: str, *, form: bool = False,
        begin: Begin | None = None,
    ) -> None:  # fmt: skip
        """From decided parameters on. ``form``: a CallError tells what is wrong with them."""
        spec, target = wish
        unseen = {p.name for p in spec.params if p.type == "secret"}
        secrets = {name: value for name, value in known.items() if name in unseen}
        query = PlanQuery(
            action=spec.name, target=target,
            params={name: value for name, value in known.items() if name not in unseen},
        )  # fmt: skip
        before: dict[str, Any] | None = None
        reason = ""
        while (found := await self._decide(query, before, undoes, form=form)) is not None:
            plan, call = found
            call = msgspec.structs.replace(call, secrets=secrets, reason=call.reason or reason)
            try:
                run = await self._run(call, begin or self._begin)
            except _Moved as moved:
                before, reason = plan.before, moved.reason
                continue
            if run is not None:
                if run.id not in self._app.store.runs:  # a step may have been told before
                    self._app.store.ran(run)
                self._app.desks.runs.watch(run.id)
            return

    async def _decide(
        self, query: PlanQuery, before: dict[str, Any] | None, undoes: str, *, form: bool
    ) -> tuple[Plan, RunCall] | None:
        """The plan that was confirmed, and the call for it. ``before`` are the facts of a plan
        that was confirmed when they held no more."""
        take_over = ""
        while True:
            plan: Plan | None = await self.ask(
                lambda: self._app.session.call("plan", query, timeout=30.0),
                saying=f"reading the facts for: {query.action} {query.target}", form=form,
            )  # fmt: skip
            if plan is None:
                return None
            around = Around(
                take_over=take_over, undoes=undoes, beside=self._beside(plan),
                changes=changes(before, plan.before) if before is not None else (),
                reading=READING if self._app.store.read_only else "",
                environment=self._app.store.scene().environment,
            )  # fmt: skip
            dialog = PlanDialog(plan, self._app.glyphs, around, glass=self._glass)
            decision: Decision | None = await self.show(dialog)
            if decision is None:
                return None
            match decision.wish:
                case "run":
                    why = take_over if plan.held else ""
                    return plan, RunCall(
                        action=plan.action, target=plan.target, key=uuid.uuid4().hex,
                        params=plan.params, seen=plan.before, confirm=decision.confirm or None,
                        reason=why, take_over=bool(why),
                    )  # fmt: skip
                case "take-over" if plan.held is not None:
                    take_over = await self.reason(
                        f"Take {plan.held.target} over from {plan.held.holder}",
                        f"{plan.held.holder} is told why, and the journal keeps it. Their run "
                        f"({plan.held.reason}) stops at its next safe point.", "show the plan",
                    ) or ""  # fmt: skip
                case "break-glass":
                    await self.break_glass()

    def _beside(self, plan: Plan) -> str:
        """Other operators whose selection this touches: it is worth a word with them first."""
        root = plan.target.partition("/")[0]
        there = others(self._app.store.scene())
        names = [short(p) for p in there if (p.target or "").partition("/")[0] == root]
        return ", ".join(dict.fromkeys(names))

    def _glass(self) -> BreakGlass | None:
        return self._app.store.scene().glass

    async def _begin(self, call: RunCall) -> Run | None:
        begun: Run = await self._app.session.call("run", call, timeout=30.0)
        return begun

    async def _run(self, call: RunCall, begin: Begin) -> Run | None:
        """The run that was begun; ``None`` after telling why there is none. Raises _Moved."""
        while True:
            try:
                return await self.waiting(
                    begin(call),
                    f"beginning, with the facts read again: {call.action} {call.target}",
                )
            except CallError as error:
                if error.message.startswith(MOVED):
                    raise _Moved(call.reason) from None
                if call.reason or "give a reason" not in error.message.lower():
                    self.tell("Not done", error.message)
                    return None
                # The loop guard: it was done before, and a person may still want it.
                why = await self.reason("Again?", error.message, "run it with this reason")
                if not why:
                    return None
                call = msgspec.structs.replace(call, reason=why, key=uuid.uuid4().hex)
            except Disconnected as error:
                self.lost(error)
                return None

    async def break_glass(self) -> None:
        """Ask why, and lift the policies for everybody for 15 minutes."""
        why = await self.reason(
            "Break the glass",
            "For 15 minutes no policy (connection budget, floor, a deploy going on) stops a run. "
            "Every console shows it in red, and the journal keeps your reason.",
            "break it", tone="fail",
        )  # fmt: skip
        if why:
            await self.put_glass(why)

    async def put_glass(self, reason: str = "") -> None:
        """Break the glass, or put it back (no reason)."""
        call = BreakGlassCall(reason=reason)
        await self.ask(lambda: self._app.session.call("break-glass", call), changes=True)


class _Moved(Exception):
    """The facts are not those the plan was confirmed on: it is shown again, with what differs.
    ``reason`` is what was given already."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
