"""Pages of a store that has no past."""

from __future__ import annotations

from ainur_tui.engine.logs.pages import Pages
from ainur_tui.engine.logs.past import Past
from ainur_tui.engine.logs.store import LogStore
from ainur_tui.model.logquery import LogPage, LogQuery
from tests.engine.warp import HandClock


async def page_of(store: LogStore, query: LogQuery) -> LogPage:
    """The page, as the engine answers it."""
    return await Pages(store, Past([], str), HandClock()).page(query)
