"""What the console asks of the engine: tables of the visible tab, log windows, the last hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from textual.css.query import NoMatches

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.console.panels.logs import LogsPanel
from ainur_tui.model.action import ActionSpec
from ainur_tui.model.logquery import LogCountsQuery, LogPage, LogQuery, rows
from ainur_tui.model.series import SeriesQuery
from ainur_tui.model.wire import LookingAt

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp

SPANS = (300.0, 900.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
POINTS = 180


class Feed:
    """Keeps the subscription in step with what is looked at. A failed question is asked again."""

    def __init__(self, app: AinurApp) -> None:
        self._app = app
        self.specs: list[ActionSpec] = []
        self.beside: tuple[str, ...] = ()
        """Tables wanted by what is opened over the tab."""
        self._told: tuple[str, str | None] | None = None

    def meet(self) -> None:
        """An engine answers: learn what it can do, and look."""
        self._work(self.catalogue(), "catalogue")
        self.look()

    def look(self) -> None:
        """The visible tab, its filters or the link have changed."""
        self._work(self._look(), "look")
        self.ask_series()

    def ask_series(self) -> None:
        """Fetch the drawn signals of the visible tab."""
        if self._app.store.welcome is not None and self._app.store.lost is None:
            self._work(self._series(), "series")

    def present(self) -> None:
        """Tell the others where this console looks, when that is not where it was."""
        store = self._app.store
        try:
            here = (self._app.panel.title, self._app.panel.selection().target)
        except NoMatches:  # the tab is being made, or the console is leaving
            return
        if store.lost is not None or store.welcome is None:
            self._told = None
        elif self._told != here:
            self._told = here
            self._work(self.ask("presence", LookingAt(tab=here[0], target=here[1])), "presence")

    def more(self, seq: int, *, older: bool) -> None:
        """Fetch the log lines before ``seq``, or after it."""
        self._work(self._more(seq, older=older), "more")

    def change_span(self, step: int) -> None:
        """Charts over a longer or shorter time."""
        store = self._app.store
        place = max(0, min(SPANS.index(store.span) + step, len(SPANS) - 1))
        store.span = SPANS[place]
        self.ask_series()
        self._app.redraw()

    async def catalogue(self) -> list[ActionSpec]:
        """All actions; those known last while no engine answers."""
        found: list[ActionSpec] | None = await self.ask("actions", None)
        if found is not None:
            self.specs = found
        return self.specs

    def _work(self, work: Any, group: str) -> None:
        self._app.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    async def ask(self, method: str, params: msgspec.Struct | None) -> Any:
        """The answer, or ``None`` where there is none (now)."""
        try:
            return await self._app.session.call(method, params)
        except (CallError, Disconnected):
            return None

    async def page(self, query: LogQuery) -> LogPage | None:
        """Log lines, or ``None`` where there is no answer (now)."""
        try:
            return await self._page(query)
        except (CallError, Disconnected):
            return None

    async def _page(self, query: LogQuery) -> LogPage:
        """A search that ended for now goes on, until something is found or nothing is left."""
        while True:
            page: LogPage = await self._app.session.call("logs", query)
            if page.lines or page.ended is None:
                return page
            ended = {"after" if query.forward else "before": page.ended}
            query = msgspec.structs.replace(query, **ended)

    async def _look(self) -> None:
        panel = self._app.panel
        if not isinstance(panel, LogsPanel):
            await self._app.session.look_at([*panel.tables, *self.beside], None)
            return
        query, place = panel.query_now, panel.place
        wanted = query if place is None else msgspec.structs.replace(query, around=place.at)
        try:
            page = tail = await self._page(wanted)
            if place is not None:  # what arrives from now on is not what came since that moment
                tail = await self._app.session.call("logs", LogQuery(limit=1))
        except Disconnected:
            return
        except CallError as error:
            panel.start(LogPage(lines=[]), problem=error.message)
            return
        panel.start(page, place or panel.place)  # who went up meanwhile reads, and stays there
        seqs = [row.seq for one in (page, tail) for row in rows(one)]
        await self._app.session.look_at(
            list(self.beside), msgspec.structs.replace(query, after=max(seqs, default=0))
        )

    async def _series(self) -> None:
        panel = self._app.panel
        if isinstance(panel, LogsPanel):
            sources = panel.query_now.sources
            counts = await self.ask("logs.counts", LogCountsQuery(sources=sources))
            if counts is not None:
                panel.show_counts(counts)
            return
        wanted = panel.wanted(self._app.store.scene())
        if not wanted:
            return
        query = SeriesQuery(wanted=wanted, seconds=self._app.store.span, points=POINTS)
        found = await self.ask("history", query)
        if found is not None:
            self._app.store.add_series(found)
            self._app.redraw()

    async def _more(self, seq: int, *, older: bool) -> None:
        panel = self._app.panel
        if isinstance(panel, LogsPanel):
            query = panel.query_now
            if older:
                query.before = seq
            else:
                query.after, query.forward = seq, True
            page = await self.page(query)
            if page is not None:
                panel.view.more(page, older=older)
