"""What was done and what changed: the journal, the events before the trouble, who is here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ainur_tui.console.dialogs.listing import Chosen, ListingDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.draw import changed, journal, others
from ainur_tui.console.graph import edit_needs
from ainur_tui.console.panels.base import Selection
from ainur_tui.console.queries import QueryDesk
from ainur_tui.console.recovery import recover
from ainur_tui.model.board import BoardView
from ainur_tui.model.incidentcalls import Sheet
from ainur_tui.model.journal import JournalVerdict
from ainur_tui.model.units import clock
from ainur_tui.model.wire import BoardQuery, JournalQuery

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp

NEWEST = 2000
"""Entries that are fetched to look at, and exported."""


async def open_record(app: AinurApp, name: str) -> None:
    """What a key or a command of the palette names."""
    match name:
        case "journal":
            await show_journal(app)
        case "changed":
            await show_changed(app)
        case "others":
            show_others(app)
        case "handover":
            await show_handover(app)
        case "needs":
            await edit_needs(app)
        case "queries":
            await QueryDesk(app).listing()
        case "scraped":
            await show_scraped(app)
        case "recover":
            await recover(app)
        case "undo":
            await app.desks.runs.undo_newest()
        case "stop":
            await app.desks.runs.stop_newest()
        case "break-glass":
            await app.desks.operations.break_glass()
        case "whole-glass":
            await app.desks.operations.put_glass()


async def show_journal(app: AinurApp) -> None:
    """The newest entries, and whether the whole chain holds."""
    entries = await app.feed.ask("journal", JournalQuery(limit=NEWEST))
    if entries is None:
        empty = "the journal cannot be read: no engine answers, or it refuses"
        await _show(app, ListingDialog("Journal", lambda: None, app.glyphs, empty=empty))
        return
    verdict: JournalVerdict | None = await app.feed.ask("journal.verify", None)
    table = journal.table(entries, verdict, time.time())
    stamp = clock(time.time(), date=True).replace(" ", "T").replace(":", "")
    name = f"ainur-journal-{app.store.scene().environment}-{stamp}Z.jsonl"
    await _show(
        app,
        ListingDialog(
            "Journal", lambda: table, app.glyphs, empty="",
            export=(name, lambda: journal.export(entries)),
            more={"p": "the run", "u": "undo it"},
        ),
    )  # fmt: skip


async def show_changed(app: AinurApp) -> None:
    """Every event against the first symptom, kept up to date while it is open."""
    await _show(
        app,
        ListingDialog("What changed", lambda: changed.table(app.store.scene()), app.glyphs,
                      empty="asking the engine …", more={"l": "the log then"}),
    )  # fmt: skip


async def show_handover(app: AinurApp) -> None:
    """The sheet for the next shift, to read, edit, copy or write to a file."""
    sheet: Sheet | None = await app.desks.incidents.ask(
        lambda: app.session.call("handover"), saying="writing the sheet"
    )
    if sheet is not None:
        day = clock(sheet.at, date=True)[:16].replace(" ", "T").replace(":", "")
        await app.desks.incidents.hand_over(
            sheet.text, f"ainur-handover-{sheet.environment}-{day}Z.md"
        )


async def show_scraped(app: AinurApp) -> None:
    """What a Prometheus scrapes, those it cannot first."""
    view: BoardView | None = await app.feed.ask("board", BoardQuery())
    table = view.table("prometheus.targets") if view else None
    empty = "no Prometheus that tells what it scrapes"
    await _show(app, ListingDialog("What Prometheus scrapes", lambda: table, app.glyphs,
                                   empty=empty))  # fmt: skip


def show_others(app: AinurApp) -> None:
    """Every console of this environment."""
    app.push_screen(PageDialog("Who is here", lambda _: others.page(app.store.scene()), app.glyphs))


async def _show(app: AinurApp, dialog: ListingDialog) -> None:
    chosen: Chosen | None = await app.push_screen_wait(dialog)
    if chosen is None:
        return
    run = chosen.row.detail.get("run", "")
    if chosen.key == "a":
        await app.desks.operations.choose(None, Selection(chosen.row.target, chosen.row.params))
    elif chosen.key == "l":
        events = app.store.view.events if app.store.view else []
        at = next((event.at for event in events if event.key == chosen.row.key), None)
        if at is not None:
            await app.look_at_logs(at)
    elif not run:
        app.desks.runs.tell("No run", "This entry is not of an action that was begun.")
    elif chosen.key == "u":
        await app.desks.runs.undo(run)
    else:
        await app.desks.runs.open(run)
