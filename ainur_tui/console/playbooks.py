"""From a trouble to its playbook in one key, and from its steps to what a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ainur_tui.console.dialogs.choose import Choice, ChooseDialog
from ainur_tui.console.dialogs.playbook import PlaybookDialog
from ainur_tui.console.draw import playbook
from ainur_tui.console.draw.spans import Tone
from ainur_tui.console.talk import Talk
from ainur_tui.model.action import Run
from ainur_tui.model.playbook import Playbook, PlaybookRun, Proposal
from ainur_tui.model.playbookcalls import Choice as Choosing
from ainur_tui.model.playbookcalls import DecideCall, StartCall
from ainur_tui.model.runcalls import RunCall
from ainur_tui.model.target import kind_of, whole_of

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp

_ASKS: dict[Choosing, tuple[str, str, str, Tone]] = {
    "skip": ("Skip", "The playbook goes on with the next step; the reason is kept.",
             "skip it", "text"),
    "abort": ("Abort", "The playbook ends here; what was done stays done, the reason is kept.",
              "end it", "warn"),
    "take-over": ("Take over", "Its operator sees the reason and can only look from then on.",
                  "take it over", "warn"),
}  # fmt: skip


class Playbooks(Talk):
    """Opens, starts and leads through playbooks."""

    def __init__(self, app: AinurApp) -> None:
        super().__init__(app)
        self.books: list[Playbook] = []

    async def learn(self) -> None:
        """Ask the engine which there are; those known last while none answers."""
        found: list[Playbook] | None = await self._app.feed.ask("playbooks", None)
        self.books = self.books if found is None else found

    async def proposed(self) -> None:
        """What ``p`` does: the playbook that goes on, else the one that fits the selection or the
        worst trouble, else all of them to choose from. Where one goes on and something else is
        wrong as well, it is asked which is meant."""
        scene = self._app.store.scene()
        going, others = playbook.going_on(scene), playbook.beside(scene)
        if len(going) > 1 or (going and others):
            await self._among(going, others)
        elif going:
            self.watch(going[0].id)
        elif found := self.fitting():
            await self.start(found.playbook, found.why)
        else:
            await self.choose()

    async def _among(self, going: list[PlaybookRun], others: list[Proposal]) -> None:
        choices: list[Choice[PlaybookRun | Proposal]] = [
            Choice(
                f"{run.book.title}{f', incident {run.incident}' if run.incident else ''}",
                f"{run.step.title}: {run.now.state}, by {run.operator}", run,
            )
            for run in going
        ]  # fmt: skip
        choices += [Choice(f"Begin: {one.title}", one.why, one) for one in others]
        title = "Several playbooks go on: which one?"
        if others:
            title = "Which playbook? One goes on, one fits what else is wrong"
        chosen = await self.show(ChooseDialog(title, choices, self._app.glyphs))
        if isinstance(chosen, PlaybookRun):
            self.watch(chosen.id)
        elif isinstance(chosen, Proposal):
            await self.start(chosen.playbook, chosen.why)

    def fitting(self) -> Proposal | None:
        """The proposal for what is selected, else the first."""
        view = self._app.store.view
        found = view.proposals if view and self._app.store.lost is None else []
        whole = whole_of(self._app.panel.selection().target or "")
        return next((one for one in found if one.target == whole), found[0] if found else None)

    async def choose(self) -> None:
        """All playbooks, those that ended lately first."""
        await self.learn()
        view = self._app.store.view
        choices: list[Choice[PlaybookRun | Playbook]] = [
            Choice(f"Ended: {run.book.title}", f"{run.state}: {run.message}", run)
            for run in (view.playbooks if view else [])
        ]
        choices += [Choice(book.title, book.summary, book) for book in self.books]
        if not choices:
            self.tell("No playbook", "No engine has told its playbooks yet; try again in a moment.")
            return
        title = "Nothing asks for a playbook now: choose one"
        chosen = await self.show(ChooseDialog(title, choices, self._app.glyphs))
        if isinstance(chosen, PlaybookRun):
            self.watch(chosen.id)
        elif isinstance(chosen, Playbook):
            await self.start(chosen.name)

    async def start(self, name: str, why: str = "") -> None:
        """Begin it (its first steps only look) and show it; one that goes on is shown."""
        if self._app.store.read_only:
            self.tell("Read only", "This console may only look: it shows a playbook that an"
                      " operator has begun (key p), and begins none.")  # fmt: skip
            return
        call = StartCall(name=name, why=why)
        run: PlaybookRun | None = await self.ask(
            lambda: self._app.session.call("playbook.start", call, timeout=30.0),
            saying=f"beginning the playbook {name}", changes=True,
        )  # fmt: skip
        if run is not None:
            self._app.store.playbooks[run.id] = run
            self.watch(run.id)

    def watch(self, identity: str) -> None:
        """Show a run; leaving it leaves it alone."""
        app = self._app
        app.push_screen(
            PlaybookDialog(
                lambda: app.store.playbooks.get(identity), app.store.scene,
                lambda choice: app.lead(self.decide(identity, choice)),
            ),
            lambda _: self._look(()),
        )  # fmt: skip
        run = app.store.playbooks.get(identity)
        tables = {step.look.table for step in run.book.step if step.look.table} if run else set()
        self._look(tuple(sorted(tables)))

    def _look(self, tables: tuple[str, ...]) -> None:
        self._app.feed.beside = tables
        self._app.feed.look()

    async def decide(self, identity: str, choice: Choosing) -> None:
        """Hand on what a key stands for; an action shows its plan first."""
        run = self._app.store.playbooks.get(identity)
        if run is None:
            return
        if choice == "run":
            await self._act(run)
            return
        if choice == "abort" and run.now.state == "acting" and run.now.action is not None:
            await self._app.desks.runs.stop(run.now.action)
            return
        reason = ""
        if choice in _ASKS:
            word, about, go, tone = _ASKS[choice]
            told = f"{word}: {run.step.title if choice == 'skip' else run.book.title}"
            reason = await self.reason(told, about, go, tone=tone) or ""
            if not reason:
                return
        await self._send(DecideCall(id=identity, step=run.now.id, choice=choice, reason=reason))

    async def _act(self, run: PlaybookRun) -> None:
        do, step = run.now.do, run.now.id
        if do is None:
            return
        specs = await self._app.feed.catalogue()
        kind = kind_of(do.target)
        spec = next((s for s in specs if s.name == do.action and kind in s.targets), None)
        if spec is None:
            self.tell("Not offered", f"There is no action {do.action} on {do.target} here; skip"
                      " this step (key s) and do it by other means.")  # fmt: skip
            return

        async def begin(call: RunCall) -> Run | None:
            decided = DecideCall(id=run.id, step=step, choice="run", call=call)
            after: PlaybookRun = await self._app.session.call(
                "playbook.decide", decided, timeout=30.0
            )
            self._app.store.playbooks[after.id] = after
            return None

        await self._app.desks.operations.operate(
            (spec, do.target), do.params, decided=True, begin=begin
        )

    async def _send(self, call: DecideCall) -> None:
        after: PlaybookRun | None = await self.ask(
            lambda: self._app.session.call("playbook.decide", call, timeout=30.0), changes=True
        )
        if after is not None:
            self._app.store.playbooks[after.id] = after
            self._app.redraw()
