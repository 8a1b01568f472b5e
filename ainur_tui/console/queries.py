"""PromQL from the console: the saved queries, one of them drawn, one of your own."""

from __future__ import annotations

from textual.events import Key
from textual.widgets import Input

from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.listing import ListingDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.draw import queries as draw
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line
from ainur_tui.console.talk import Talk
from ainur_tui.console.widgets.table import TableView
from ainur_tui.model.action import Param
from ainur_tui.model.querycalls import QueryAnswer, QueryCall
from ainur_tui.model.table import Table

PATIENCE = 15.0
"""Seconds the engine has: it gives a Prometheus less."""


class QueryList(ListingDialog):
    """Stays where it is while one of its queries is drawn over it."""

    def __init__(self, desk: QueryDesk, table: Table, glyphs: Glyphs) -> None:
        super().__init__("PromQL queries", lambda: table, glyphs, empty="no query is saved",
                         more={"c": "chart", "x": "your own"})  # fmt: skip
        self._desk = desk

    def on_key(self, event: Key) -> None:
        row = self.query_one(TableView).row
        if event.key not in self._more or row is None or self.query_one(Input).has_focus:
            return
        event.stop()
        event.prevent_default()
        work = self._desk.own() if event.key == "x" else self._desk.draw(row.key)
        self.app.run_worker(work, group="queries", exclusive=True, exit_on_error=False)


class QueryDesk(Talk):
    """Leads from the list to a chart and back."""

    async def listing(self) -> None:
        """Every saved query with its value now."""
        found = await self._answers(QueryCall())
        if found is not None:
            table = draw.table(found, self._app.store.scene().now)
            await self.show(QueryList(self, table, self._app.glyphs))

    async def draw(self, name: str) -> None:
        """One saved query with its past."""
        found = await self._answers(QueryCall(name=name, seconds=self._span))
        if found:
            await self.show(self._page(found[0]))

    async def own(self) -> None:
        """Type an expression until it is understood or given up."""
        typed, trouble = "", ""
        params = [Param(name="expr", type="str", help="PromQL", required=True)]
        while True:
            dialog = AskDialog("A query of your own", params, {"expr": typed}, self._app.glyphs,
                               trouble, go="ask")  # fmt: skip
            given: dict[str, str] | None = await self.show(dialog)
            if given is None:
                return
            typed = given["expr"]
            found = await self._answers(QueryCall(expr=typed, seconds=self._span))
            if found is None:
                return
            trouble = found[0].problem or "" if found[0].bad else ""
            if not trouble:
                await self.show(self._page(found[0]))

    @property
    def _span(self) -> float:
        return self._app.store.scene().span

    async def _answers(self, call: QueryCall) -> list[QueryAnswer] | None:
        return await self.ask(
            lambda: self._app.session.call("queries", call, timeout=PATIENCE),
            saying="asking Prometheus",
        )

    def _page(self, one: QueryAnswer) -> PageDialog:
        def build(columns: int) -> list[Line]:
            return draw.page(one, self._app.store.scene(), columns)

        return PageDialog(one.query.title, build, self._app.glyphs)
