"""Incidents: the ones on record, and the selected one with its clocks, roles and timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from ainur_tui.console.draw import incidents as draw
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.panels.base import Panel, Selection
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.table import TableView
from ainur_tui.model.incident import Incident
from ainur_tui.model.incidentcalls import IncidentFile
from ainur_tui.model.slo import Slo

Wish = Literal[
    "note", "status", "severity", "roles", "item", "edit", "draft", "postmortem", "capsule",
    "close",
]  # fmt: skip
"""What is wanted of the selected incident; each takes a dialog."""
MOST_LISTED = 6
LEAST_TOLD = 5
"""Entries of the timeline that are seen where the screen is low: the list gives way to them."""


def _key(key: str, wish: Wish, name: str, about: str, *, show: bool = True) -> Binding:
    return Binding(key, f"wish('{wish}')", name, show=show, id=f"incidents.{wish}", tooltip=about)


def _order(one: Incident) -> tuple[bool, bool, float]:
    """Those that go on first, then those that wait to be closed, of each the newest."""
    return one.closed_at is not None, one.status == "resolved", -one.opened_at


class RecordTable(TableView, inherit_bindings=False):
    """A table in the record's own order: its key for sorting is the panel's for roles."""

    BINDINGS: ClassVar[list[BindingType]] = [
        one for one in TableView.BINDINGS
        if isinstance(one, Binding) and one.action not in {"sort", "reverse"}
    ]  # fmt: skip


class IncidentsPanel(Panel):
    """The engine keeps and judges; this panel asks for the file of one incident."""

    title: ClassVar[str] = "Incidents"
    key: ClassVar[str] = "7"

    BINDINGS: ClassVar[list[BindingType]] = [
        _key("n", "note", "Note…", "write something down"),
        _key("t", "status", "Status…", "investigating, identified, fixing, resolved"),
        _key("d", "draft", "Message…", "the next message to others: read, edit, copy, send"),
        _key("v", "severity", "Severity…", "grade it anew, with a reason"),
        _key("o", "roles", "Roles…", "who commands, leads, tells the others; accept yours"),
        _key("i", "item", "Item…", "something to do afterwards; mark one done", show=False),
        _key("e", "edit", "Edit…", "impact, cause, services and the rest of its texts",
             show=False),
        _key("D", "postmortem", "Post-mortem", "the document, written from the record"),
        _key("C", "capsule", "Capsule", "all evidence in one archive, with hashes", show=False),
        _key("c", "close", "Close…", "end it, once it is resolved"),
        Binding("tab,shift+tab", "other", "List, timeline", show=False, id="incidents.other",
                tooltip="the keyboard to the list, or to the timeline"),
    ]  # fmt: skip

    class Wanted(Message):
        """Newer entries are there than are shown."""

    class Sent(Message):
        """Something is wanted of the selected incident."""

        def __init__(self, wish: Wish) -> None:
            super().__init__()
            self.wish: Wish = wish

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self.file: IncidentFile | None = None
        self._found: Sequence[Incident] = ()
        self._slos: Sequence[Slo] = ()
        self._asked: object = None

    def compose(self) -> ComposeResult:
        yield LinesView(glyphs=self.glyphs, id="incident-slo")
        yield RecordTable(glyphs=self.glyphs, id="incident-list")
        yield LinesView(glyphs=self.glyphs, id="incident-facts")
        yield RecordTable(glyphs=self.glyphs, id="incident-entries")

    @property
    def list(self) -> TableView:
        """All incidents."""
        return self.query_one("#incident-list", TableView)

    @property
    def entries(self) -> TableView:
        """The timeline of the selected one."""
        return self.query_one("#incident-entries", TableView)

    @property
    def chosen(self) -> str:
        """The id of the selected incident; empty for whichever matters most."""
        row = self.list.row
        return row.key if row is not None else ""

    def fill(
        self, found: Sequence[Incident], file: IncidentFile | None, slos: Sequence[Slo]
    ) -> None:
        """Take what the engine told."""
        self._found, self.file, self._slos = found, file, slos

    def show_scene(self, scene: Scene) -> None:
        current = scene.view.incidents if scene.view else []
        newest = (self.chosen, [(one.id, one.seq) for one in current], scene.lost is None)
        if scene.view is not None and newest != self._asked:
            self._asked = newest
            self.post_message(self.Wanted())
        known = {one.id: one for one in self._found} | {one.id: one for one in current}
        found = sorted(known.values(), key=_order)
        columns = self.size.width
        self.query_one("#incident-slo", LinesView).show([draw.objectives(self._slos, columns)])
        listed, facts = self.list, self.query_one("#incident-facts", LinesView)
        self.entries.display = facts.display = bool(found)
        stale, elapsed = scene.lost is not None, scene.elapsed if scene.lost else 0.0
        then = scene.now - elapsed
        told = draw.facts(self.file, scene, columns) if self.file is not None else []
        room = self.size.height - 1 - (len(told) + 1) - (LEAST_TOLD + 2) - 2
        listed.styles.height = min(len(found), MOST_LISTED, max(2, room)) + 2 if found else "1fr"
        table = draw.listing(found, then) if found else None
        empty = draw.nothing(scene, columns)
        listed.show_table(table, empty=empty, elapsed=elapsed, stale=stale)
        if found and self.file is not None:
            facts.styles.height = len(told) + 1
            facts.show(told)
            table = draw.timeline(self.file, then)
            self.entries.show_table(table, empty=[], elapsed=elapsed, stale=stale)

    def on_table_view_selected(self, message: TableView.Selected) -> None:
        message.stop()
        self._asked = None
        self.post_message(self.Wanted())

    def on_table_view_opened(self, message: TableView.Opened) -> None:
        """Enter in the list goes to the timeline; there it opens an entry."""
        if message.table.name == "incidents":
            message.stop()
            self.entries.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without an incident there is nothing to do about one: its keys are not shown."""
        if action in {"wish", "other"} and self.file is None:
            return False
        return super().check_action(action, parameters)

    def action_wish(self, wish: Wish) -> None:
        self.post_message(self.Sent(wish))

    def action_other(self) -> None:
        (self.entries if self.list.has_focus else self.list).focus()

    @property
    def incidents(self) -> bool:
        return True

    def selection(self) -> Selection:
        return Selection(self.file.incident.target if self.file else None)

    def set_filter(self, words: str) -> None:
        self.entries.set_filter(words)

    @property
    def first(self) -> TableView:
        return self.list
