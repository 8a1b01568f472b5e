"""From a key to a run: which action, on what, the plan, the confirmation, the progress."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.screen import Screen

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import Choice, ChooseDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.plan import PlanDialog
from ainur_tui.console.draw.plans import run_lines
from ainur_tui.console.draw.spans import EMPTY, Line, line, wrap
from ainur_tui.console.panels.base import Selection
from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.board import BoardView
from ainur_tui.model.target import kind_of
from ainur_tui.model.wire import PlanQuery, RunCall

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
            choices = [c for c in choices if c.value[1] == selection.target]
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

    async def operate(self, wish: Wish, params: dict[str, str]) -> None:
        """Parameters, plan, confirmation, run, progress."""
        spec, target = wish
        if self._app.store.read_only:
            self._tell("Read only", "This console was opened read only, so it shows plans and "
                       "runs nothing. Open it without --read-only to act.")  # fmt: skip
            return
        known = {p.name: params[p.name] for p in spec.params if p.name in params}
        if spec.params:
            title = f"{spec.name.capitalize()} {target}"
            asked = await self._show(AskDialog(title, spec.params, known, self._app.glyphs))
            if asked is None:
                return
            known = asked
        session = self._app.session
        query = PlanQuery(action=spec.name, target=target, params=known)
        plan: Plan | None = await self._ask(lambda: session.call("plan", query, timeout=30.0))
        if plan is None:
            return
        confirmed = await self._show(PlanDialog(plan, self._app.glyphs))
        if confirmed is None:
            return
        call = RunCall(
            action=spec.name, target=target, key=uuid.uuid4().hex, params=plan.params,
            seen=plan.before, confirm=confirmed or None,
        )  # fmt: skip
        run = await self._ask(lambda: session.call("run", call, timeout=30.0))
        if run is not None:
            self._app.store.ran(run)
            self.watch(run.id)

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
            self._tell("Not known", f"The engine did not answer: {error}. If an action was just "
                       "confirmed, look at the overview before trying again.")  # fmt: skip
        return None

    async def _show(self, screen: Screen[Any]) -> Any:
        return await self._app.push_screen_wait(screen)
