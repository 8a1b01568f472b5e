"""Pages of details, and the palette: what is opened over the tabs to look closer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ainur_tui.console.commands import Command, Offer, commands
from ainur_tui.console.dialogs.choose import Choice, ChooseDialog
from ainur_tui.console.dialogs.logrecord import Follow, RecordDialog
from ainur_tui.console.dialogs.page import Build, PageDialog
from ainur_tui.console.dialogs.row import RowDialog
from ainur_tui.console.draw import help, target
from ainur_tui.console.draw.loglines import Look, Marks, record_rows
from ainur_tui.console.draw.rows import row_detail
from ainur_tui.console.draw.spans import Line, line
from ainur_tui.console.draw.tables import cell_text
from ainur_tui.console.logwindow import Record
from ainur_tui.console.panels.base import Selection
from ainur_tui.console.panels.registry import PANELS
from ainur_tui.console.wishes import wishes
from ainur_tui.model.log import LogLine
from ainur_tui.model.table import Row, Table
from ainur_tui.model.text import clean

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp


class Pages:
    """Opens dialogs that read; nothing here acts."""

    def __init__(self, app: AinurApp) -> None:
        self._app = app

    def help(self, title: str) -> None:
        """Every key that works now, and the symbols."""
        bindings = list(self._app.screen.active_bindings.values())
        states = [(f"{symbol} {state}", "") for state, symbol in self._app.glyphs.state.items()]
        self.open(f"Help: {title}", lambda columns: help.help_lines(bindings, states, columns))

    def target(self, name: str) -> None:
        """All that is known of a target, kept up to date while it is open."""

        def build(columns: int) -> list[Line]:
            scene = self._app.store.scene()
            found = scene.target(name)
            if found is None:
                return [line((f"{name} is not there any more", "quiet"))]
            return target.detail(found, scene, columns)

        self.open(name, build)

    def row(self, table: Table, row: Row) -> None:
        """A row with everything that did not fit its columns."""
        name = cell_text(row.cells[0], table.columns[0]) if row.cells else row.key
        title = f"{table.title}: {name}"

        def build(columns: int) -> list[Line]:
            return row_detail(table, row, columns)

        if row.target is None:
            self.open(title, build)
            return
        app, selected = self._app, Selection(row.target, row.params)
        self._app.push_screen(
            RowDialog(title, build, app.glyphs,
                      lambda: app.lead(app.desks.operations.choose(None, selected)))
        )  # fmt: skip

    def record(self, record: Record, follow: Follow) -> None:
        """A log record with its fields, and what is wanted of them."""
        if isinstance(record, LogLine):
            self._app.push_screen(RecordDialog(record, self._app.glyphs, follow))
            return
        self.open("Missing lines", lambda columns: record_rows(record, Look(columns), Marks()))

    async def palette(self) -> None:
        """Everything that can be done, by typing its name.

        Open when this returns, with the actions known so far: words typed right after the key
        belong to it. The newest catalogue follows. What was selected then prefills an action on it.
        """
        app, selected = self._app, self._app.panel.selection()

        def known() -> list[Choice[Any]]:
            return self._own() + wishes(app.feed.specs, app.store.view)

        def later() -> list[Choice[Any]] | None:
            return known() if app.store.view is not None and app.feed.specs else None

        dialog: ChooseDialog[Any] = ChooseDialog(
            "Commands", known(), app.glyphs, later=None if later() else later
        )
        await app.push_screen(dialog, lambda offer: self._chosen(offer, selected))

        async def refresh() -> None:
            for learn in (app.feed.catalogue, app.desks.playbooks.learn):
                await learn()
                dialog.offer(known())

        app.run_worker(refresh(), group="catalogue", exclusive=True, exit_on_error=False)

    def _own(self) -> list[Choice[Any]]:
        """What the console does itself."""
        app = self._app
        return commands(
            PANELS, app.store.view,
            go=app.go, open_target=self.target,
            others=[
                ("What changed", "key w: events before the trouble", _record(app, "changed")),
                ("Undo", "key u: the newest action that has a way back", _record(app, "undo")),
                ("Stop an action", "key x: the newest, at its safe point", _record(app, "stop")),
                ("Recover the database", "key R in Backups: candidates, clock, plan",
                 _record(app, "recover")),
                ("Declare an incident", "key I: from what is selected or fires",
                 app.action_declare),
                ("Hand-over sheet", "what the next shift has to know, on one page",
                 _record(app, "handover")),
                ("Rules and silences", "key i in Alerts: what decides who is called",
                 _alerts(app, "inventory")),
                ("Rule doctor", "key D in Alerts: rules that cannot fire here",
                 _alerts(app, "doctor")),
                ("PromQL queries", "key Q in Alerts: saved ones, or your own",
                 _record(app, "queries")),
                ("What Prometheus scrapes", "its targets, those it cannot reach first",
                 _record(app, "scraped")),
                ("Journal", "key J: what was done here", _record(app, "journal")),
                ("Who needs whom", "edit it: what explains a trouble, who is affected",
                 _record(app, "needs")),
                ("Who is here", "the other consoles, where they look", _record(app, "others")),
                *_books(app),
                *_links(app),
                *_glass(app),
                ("Help", "keys and symbols of this screen", app.action_help_page),
                ("Leave", "close the console, the engine goes on", app.action_leave),
            ],
        )  # fmt: skip

    def _chosen(self, offer: Offer | None, selected: Selection) -> None:
        if isinstance(offer, Command):
            offer.work()
        elif offer is not None:
            known = selected.params if offer[1] == selected.target else {}
            work = self._app.desks.operations.operate(offer, known)
            self._app.run_worker(work, group="operate", exclusive=True, exit_on_error=False)

    def open(self, title: str, build: Build) -> None:
        """A page over the tabs."""
        self._app.push_screen(PageDialog(title, build, self._app.glyphs))


def _record(app: AinurApp, name: str) -> Callable[[], None]:
    return lambda: app.action_record(name)


def _books(app: AinurApp) -> list[tuple[str, str, Callable[[], None]]]:
    def start(name: str) -> Callable[[], None]:
        return lambda: app.lead(app.desks.playbooks.start(name))

    return [(f"Playbook: {b.title}", b.summary, start(b.name)) for b in app.desks.playbooks.books]


def _alerts(app: AinurApp, errand: str) -> Callable[[], None]:
    return lambda: app.lead(app.desks.alerts().run(errand, None))


def _links(app: AinurApp) -> list[tuple[str, str, Callable[[], None]]]:
    """Dashboards elsewhere; plain http belongs behind a tunnel (G-346)."""
    links = app.store.welcome.links if app.store.welcome else {}

    def copy(name: str, address: str) -> Callable[[], None]:
        def work() -> None:
            app.copy_to_clipboard(address)
            told = [line((clean(address, 300), "strong"))]
            if not address.startswith("https:"):
                told.append(line(("plain http: only by a tunnel or an internal net", "warn")))
            told.append(line(("copied, where the terminal can (OSC 52)", "quiet")))
            app.desks.pages.open(f"Dashboard: {name}", lambda _: told)

        return work

    return [(f"Dashboard: {name}", "copy its address", copy(name, address))
            for name, address in links.items()]  # fmt: skip


def _glass(app: AinurApp) -> list[tuple[str, str, Callable[[], None]]]:
    """Whichever of the two makes sense now."""
    if app.store.scene().glass is None:
        return [("Break the glass", "lift policies for 15 minutes, with a reason",
                 _record(app, "break-glass"))]  # fmt: skip
    return [("Put the glass back", "policies hold again", _record(app, "whole-glass"))]
