"""From a key to a run: which action, on what, the plan, the confirmation, the progress."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from textual.screen import Screen

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import Choice, ChooseDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.plan import Decision, PlanDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw.plans import run_lines
from ainur_tui.console.draw.spans import EMPTY, Line, Tone, line, wrap
from ainur_tui.console.panels.base import Selection
from ainur_tui.model.action import ActionSpec, BreakGlass, Plan
from ainur_tui.model.board import BoardView
from ainur_tui.model.target import kind_of
from ainur_tui.model.wire import BreakGlassCall, PlanQuery, RunCall, RunsQuery

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp

T = TypeVar("T")
Wish = tuple[ActionSpec, str]
"""An action and the target it is wanted on."""


def wishes(specs: list[ActionSpec], view: BoardView | None) -> list[Choice[Wish]]:
    """Every action on every target that offers it, as things to choose."""
    targets = [target.name for target in view.targets] if view else []
    return [
        _wish(spec, target, kind_of(target))
        for spec in specs
        for target in targets
        if kind_of(target) in spec.targets
    ]


def _wish(spec: ActionSpec, target: str, kind: str) -> Choice[Wish]:
    about = f"{spec.risks.get(kind, spec.risk)}  {spec.about.get(kind, spec.summary)}"
    reason = None if spec.available else spec.reason or "not available"
    return Choice(f"{spec.name.capitalize()} {target}", about, (spec, target), reason)


class Operations:
    """Leads one wish at a time through the dialogs. Every failure becomes a page of words."""

    def __init__(self, app: AinurApp) -> None:
        self._app = app

    async def choose(self, name: str | None, selection: Selection) -> None:
        """Offer what can be done: one action on its targets, or all actions on the selection."""
        specs: list[ActionSpec] | None = await self._ask(lambda: self._app.session.call("actions"))
        if specs is None:
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
            choices.sort(key=lambda c: places.index(c.value[1]))
        if not choices:
            where = f" on {selection.target}" if selection.target and name is None else ""
            self._tell("Nothing to do", f"No action is offered{where} by what is configured.")
            return
        title = "Actions" if name is None else f"{name.capitalize()} what?"
        only = choices[0] if len(choices) == 1 and choices[0].reason is None else None
        wish = only.value if only else await self._show(
            ChooseDialog(title, choices, self._app.glyphs)
        )  # fmt: skip
        if wish is not None:
            await self.operate(wish, selection.params)

    async def operate(self, wish: Wish, params: dict[str, str], *, decided: bool = False) -> None:
        """Parameters (unless ``decided``), plan, confirmation, run, progress."""
        spec, target = wish
        if self._app.store.read_only:
            self._tell("Read only", "This console was opened read only, so it shows plans and "
                       "runs nothing. Open it without --read-only to act.")  # fmt: skip
            return
        known = {p.name: params[p.name] for p in spec.params if p.name in params}
        if spec.params and not decided:
            title = f"{spec.name.capitalize()} {target}"
            asked = await self._show(AskDialog(title, spec.params, known, self._app.glyphs))
            if asked is None:
                return
            known = asked
        unseen = {p.name for p in spec.params if p.type == "secret"}
        secrets = {name: value for name, value in known.items() if name in unseen}
        query = PlanQuery(
            action=spec.name, target=target,
            params={name: value for name, value in known.items() if name not in unseen},
        )  # fmt: skip
        decided_on = await self._decide(query)
        if decided_on is not None:
            plan, confirm, take_over = decided_on
            await self._run(plan, confirm, take_over, secrets)

    async def _decide(self, query: PlanQuery) -> tuple[Plan, str, str] | None:
        """The plan that was confirmed, the typed name, and why a lease is taken over."""
        take_over = ""
        while True:
            plan: Plan | None = await self._ask(
                lambda: self._app.session.call("plan", query, timeout=30.0)
            )
            if plan is None:
                return None
            decision: Decision | None = await self._show(
                PlanDialog(plan, self._app.glyphs, take_over=take_over, glass=self._glass)
            )
            if decision is None:
                return None
            match decision.wish:
                case "run":
                    return plan, decision.confirm, take_over if plan.held else ""
                case "take-over" if plan.held is not None:
                    take_over = await self.reason(
                        f"Take {plan.held.target} over from {plan.held.holder}",
                        f"{plan.held.holder} is told why, and the journal keeps it. Their run "
                        f"({plan.held.reason}) stops at its next safe point.", "show the plan",
                    )  # fmt: skip
                case "break-glass":
                    await self.break_glass()

    def _glass(self) -> BreakGlass | None:
        return self._app.store.scene().glass

    async def _run(self, plan: Plan, confirm: str, why: str, secrets: dict[str, str]) -> None:
        session = self._app.session
        call = RunCall(
            action=plan.action, target=plan.target, key=uuid.uuid4().hex, params=plan.params,
            seen=plan.before, confirm=confirm or None, secrets=secrets,
            reason=why, take_over=bool(why),
        )  # fmt: skip
        try:
            run = await session.call("run", call, timeout=30.0)
        except CallError as error:
            if call.reason or "give a reason" not in error.message.lower():
                self._tell("Not done", error.message)
                return
            # The loop guard: it was done before, and a person may still want it.
            why = await self.reason("Again?", error.message, "run it with this reason")
            if not why:
                return
            again = msgspec.structs.replace(call, reason=why, key=uuid.uuid4().hex)
            run = await self._ask(lambda: session.call("run", again, timeout=30.0))
        except Disconnected as error:
            self._lost(error)
            return
        if run is not None:
            if run.id not in self._app.store.runs:  # a step may have been told before the answer
                self._app.store.ran(run)
            self.watch(run.id)

    async def undo(self) -> None:
        """Offer the way back of the newest action that was verified and has one."""
        known = list(self._app.store.runs.values())
        known += await self._ask(lambda: self._app.session.call("runs", RunsQuery(limit=200))) or []
        ended = [run for run in known if run.state == "verified" and run.plan.undo is not None]
        newest = max(ended, key=lambda run: run.finished_at or run.started_at, default=None)
        if newest is None or newest.plan.undo is None:
            self._tell("Nothing to undo", "No action that was verified here has a way back that "
                       "can be run. The journal (key J) lists what was done.")  # fmt: skip
            return
        way = newest.plan.undo
        specs: list[ActionSpec] = await self._app.feed.catalogue()
        fitting = [spec for spec in specs if spec.name == way.action]
        spec = next((s for s in fitting if kind_of(way.target) in s.targets), None)
        if spec is None:
            self._tell("No way back", f"{newest.plan.title} would be taken back by {way.action} of "
                       f"{way.target}, which is not offered now.")  # fmt: skip
            return
        unseen = [p for p in spec.params if p.type == "secret" and p.required]
        await self.operate((spec, way.target), way.params, decided=not unseen)

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
        await self._ask(lambda: self._app.session.call("break-glass", call))

    async def reason(self, title: str, about: str, go: str, *, tone: Tone = "text") -> str:
        """A reason typed by the person; empty when they went back."""
        dialog = TextDialog(title, about, self._app.glyphs, go=go, tone=tone)
        return await self._show(dialog) or ""

    def watch(self, identity: str) -> None:
        """Open the progress of a run; closing it leaves the run alone."""
        store, glyphs = self._app.store, self._app.glyphs

        def build(columns: int) -> list[Line]:
            run = store.runs.get(identity)
            if run is None:
                return [line(("this run is not known to the engine any more", "quiet"))]
            return run_lines(run, time.time(), columns, glyphs)

        run = store.runs.get(identity)
        title = run.plan.title if run else "Run"
        self._app.push_screen(PageDialog(title, build, glyphs))

    def _tell(self, title: str, text: str) -> None:
        def build(columns: int) -> list[Line]:
            return [*(line((part, "text")) for part in wrap(text, columns, 12)), EMPTY]

        self._app.push_screen(PageDialog(title, build, self._app.glyphs))

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await call()
        except CallError as error:
            self._tell("Not done", error.message)
        except Disconnected as error:
            self._lost(error)
        return None

    def _lost(self, error: Disconnected) -> None:
        self._tell("Not known", f"The engine did not answer: {error}. If an action was just "
                   "confirmed, look at the overview before trying again.")  # fmt: skip

    async def _show(self, screen: Screen[Any]) -> Any:
        return await self._app.push_screen_wait(screen)
