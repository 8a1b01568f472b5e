"""Runs that go on or have ended: watched, stopped, taken back."""

from __future__ import annotations

import time

from ainur_tui.console.dialogs.choose import Choice, ChooseDialog
from ainur_tui.console.dialogs.run import RunDialog
from ainur_tui.console.dialogs.word import WordDialog
from ainur_tui.console.draw.recovery import rto
from ainur_tui.console.draw.runs import stopping
from ainur_tui.console.talk import Talk
from ainur_tui.model.action import FINAL, ActionSpec, Run, Undo
from ainur_tui.model.runcalls import AbortCall, ConfirmCall, RunsQuery
from ainur_tui.model.target import kind_of, whole_of
from ainur_tui.model.units import clock

KNOWN = 200
"""The engine keeps so many runs."""


class Runs(Talk):
    """Leads from a run to what can be done about it."""

    def watch(self, identity: str) -> None:
        """Open the progress of a run; closing it leaves the run alone."""
        app = self._app
        app.push_screen(
            RunDialog(
                lambda: app.store.runs.get(identity), app.glyphs, scene=app.store.scene,
                word=lambda: app.lead(self.word(identity)),
                stop=lambda: app.lead(self.stop(identity)),
                undo=lambda: app.lead(self.undo(identity)),
                again=lambda: app.lead(self.again(identity)),
                mend=lambda: app.lead(self.mend(identity)),
            )
        )  # fmt: skip

    async def open(self, identity: str) -> None:
        """Watch a run of the journal, where the engine still knows it."""
        if await self._known(identity) is not None:
            self.watch(identity)

    async def stop(self, identity: str) -> None:
        """Ask why, and let the run end at its next safe point."""
        store = self._app.store
        run = store.runs.get(identity)
        if run is None or run.state in FINAL:
            self.tell("Nothing to stop", "This run has ended; key u takes it back where it can be.")
            return
        if store.read_only:
            self.tell("Read only", "This console may only read; the run's operator can stop it.")
            return
        me = store.welcome.operator if store.welcome else ""
        own = run.operator == me
        told = "" if own else f" {run.operator} is told why."
        why = await self.reason(
            f"Stop: {run.plan.title}?",
            f"{stopping(run)} What was done is taken back where it can be.{told}",
            "stop it", tone="warn", needed=not own,
        )  # fmt: skip
        if why is not None:
            call = AbortCall(id=identity, reason=why)
            await self.ask(lambda: self._app.session.call("abort", call), changes=True)

    async def word(self, identity: str) -> None:
        """Show what a run asks for, and hand on the word that was typed."""
        app = self._app
        run = app.store.runs.get(identity)
        if run is None or run.asking is None:
            return
        goal = run.plan.goal
        dialog = WordDialog(
            run.plan.title, run.asking, lambda: rto(goal, time.time()), app.glyphs
        )  # fmt: skip
        typed: str | None = await self.show(dialog)
        if typed is not None:
            call = ConfirmCall(id=identity, word=typed)
            await self.ask(lambda: app.session.call("confirm", call), changes=True)

    async def stop_newest(self) -> None:
        """Stop what was begun last and still goes on."""
        store = self._app.store
        going = [run for run in store.current_runs(time.time()) if run.state not in FINAL]
        if going:
            await self.stop(going[0].id)
        else:
            self.tell("Nothing to stop", "No action is running here.")

    async def undo_newest(self) -> None:
        """Offer the way back of the newest action that was verified and has one."""
        runs = await self._all()
        ended = [run for run in runs if run.state == "verified" and run.plan.undo is not None]
        newest = max(ended, key=_ended_at, default=None)
        if newest is None:
            self.tell("Nothing to undo", "No action that was verified here has a way back that "
                      "can be run. The journal (key J) lists what was done.")  # fmt: skip
            return
        await self._take_back(newest, runs)

    async def undo(self, identity: str) -> None:
        """Offer the way back of one run, however long ago it was."""
        run = await self._known(identity)
        if run is None:
            return
        if run.state not in FINAL or run.finished_at is None:
            self.tell("Still going on", "A run is taken back once it has ended; key x stops it.")
        elif run.plan.undo is None:
            self.tell("No way back", f"{run.plan.title}: it has no way back that can be run.")
        else:
            await self._take_back(run, await self._all())

    async def again(self, identity: str) -> None:
        """Plan what a run did once more: after a crash it may not have happened (F-31)."""
        run = await self._known(identity)
        if run is not None:
            wish = Undo(action=run.plan.action, target=run.plan.target, params=run.plan.params)
            await self._offer(wish, f"{run.plan.title} is not offered now.")

    async def mend(self, identity: str) -> None:
        """Plan what puts right what a run left in the way."""
        run = await self._known(identity)
        if run is None or not run.mends:
            self.tell("Nothing to put right", "This run left nothing in the way that is known.")
            return
        wish: Undo | None = run.mends[0]
        if len(run.mends) > 1:
            offers = [Choice(f"{one.action} {one.target}", "its plan", one) for one in run.mends]
            wish = await self.show(ChooseDialog("Put what right?", offers, self._app.glyphs))
        if wish is None:
            return
        missing = f"{wish.action} {wish.target} is not offered now."
        await self._offer(wish, missing, f"what was left by {run.plan.title} (run {run.id})")

    async def _take_back(self, run: Run, runs: list[Run]) -> None:
        if run.plan.undo is not None:
            missing = f"{run.plan.title} would be taken back by {run.plan.inverse}, which is not"
            await self._offer(run.plan.undo, f"{missing} offered now.", _undoes(run, runs))

    async def _offer(self, wish: Undo, missing: str, undoes: str = "") -> None:
        specs: list[ActionSpec] = await self._app.feed.catalogue()
        kind = kind_of(wish.target)
        spec = next((s for s in specs if s.name == wish.action and kind in s.targets), None)
        if spec is None:
            self.tell("No way there", missing)
            return
        unseen = [p for p in spec.params if p.type == "secret" and p.required]
        await self._app.desks.operations.operate(
            (spec, wish.target), wish.params, decided=not unseen, undoes=undoes
        )

    async def _all(self) -> list[Run]:
        query = RunsQuery(limit=KNOWN)
        found = await self.ask(lambda: self._app.session.call("runs", query)) or []
        told = self._app.store.runs
        return list({run.id: run for run in [*found, *told.values()]}.values())

    async def _known(self, identity: str) -> Run | None:
        """The run, which the console then knows; ``None`` after saying that nobody does."""
        store = self._app.store
        if identity not in store.runs:
            query = RunsQuery(id=identity)
            for run in await self.ask(lambda: self._app.session.call("runs", query)) or []:
                store.runs[run.id] = run
        if identity not in store.runs:
            self.tell("Too long ago", f"The engine knows the last {KNOWN} runs; this one is not "
                      "among them. The journal has what it did.")  # fmt: skip
        return store.runs.get(identity)


def _ended_at(run: Run) -> float:
    return run.finished_at or run.started_at


def _undoes(run: Run, runs: list[Run]) -> str:
    """Which run, how it ended, and what was done to its target since."""
    words = f"{run.plan.title} (run {run.id}, {clock(_ended_at(run), date=True)} UTC, {run.state})"
    root = whole_of(run.plan.target)
    since = [
        other for other in runs
        if other.started_at > run.started_at and whole_of(other.plan.target) == root
    ]  # fmt: skip
    if not since:
        return words
    names = ", ".join(dict.fromkeys(f"{one.plan.action} {one.plan.target}" for one in since[:3]))
    return f"{words}. Since then {names} ({len(since)} more). The facts below are those of now"
