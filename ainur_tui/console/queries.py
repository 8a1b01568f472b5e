"""PromQL from the console: the saved queries, one of them drawn, one of your own."""

from __future__ import annotations

from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.listing import Chosen, ListingDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.draw import queries as draw
from ainur_tui.console.draw.spans import Line
from ainur_tui.console.talk import Talk
from ainur_tui.model.action import Param
from ainur_tui.model.querycalls import QueryAnswer, QueryCall
from ainur_tui.model.table import Table

PATIENCE = 15.0
"""Seconds the engine has: it gives a Prometheus less."""


class QueryDesk(Talk):
    """Leads from the list to a chart and back."""

    async def listing(self) -> None:
        """Every saved query with its value now."""
        while True:
            found = await self._answers(QueryCall())
            if found is None:
                return
            chosen = await self._choose(draw.table(found, self._app.store.scene().now))
            if chosen is None:
                return
            if chosen.key == "x":
                await self.own()
            else:
                await self._draw(QueryCall(name=chosen.row.key, seconds=self._span))

    async def _choose(self, table: Table) -> Chosen | None:
        dialog = ListingDialog(
            "PromQL queries", lambda: table, self._app.glyphs, empty="no query is saved",
            more={"c": "chart", "x": "your own"},
        )  # fmt: skip
        chosen: Chosen | None = await self.show(dialog)
        return chosen

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

    async def _draw(self, call: QueryCall) -> None:
        found = await self._answers(call)
        if found:
            await self.show(self._page(found[0]))

    async def _answers(self, call: QueryCall) -> list[QueryAnswer] | None:
        return await self.ask(
            lambda: self._app.session.call("queries", call, timeout=PATIENCE),
            saying="asking Prometheus",
        )

    def _page(self, one: QueryAnswer) -> PageDialog:
        def build(columns: int) -> list[Line]:
            return draw.page(one, self._app.store.scene(), columns)

        return PageDialog(one.query.title, build, self._app.glyphs)
