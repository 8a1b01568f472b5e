"""What the log view wants beyond its own window: dialogs, places far away, files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.console import logkeep
from ainur_tui.console.dialogs.choose import Choice, ChooseDialog
from ainur_tui.console.dialogs.listing import Chosen, ListingDialog, save
from ainur_tui.console.dialogs.logfilters import FiltersDialog
from ainur_tui.console.dialogs.logjump import JumpDialog
from ainur_tui.console.dialogs.logrecord import facts, left_out
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw import logplaces
from ainur_tui.console.draw.changed import symptom
from ainur_tui.console.draw.logbars import words_of
from ainur_tui.console.logstack import Condition
from ainur_tui.console.logtime import HOW, moment_of
from ainur_tui.console.logwindow import Place
from ainur_tui.console.panels.logs import Errand, LogsPanel
from ainur_tui.console.widgets.logview import LogView
from ainur_tui.model.log import LogLine
from ainur_tui.model.logevidence import LogEvidence
from ainur_tui.model.logquery import LogFilter, LogNewQuery, LogNews
from ainur_tui.model.units import clock

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp

Kept = tuple[str, bool]
"""How to keep records: the end of the file's name, and whether it is evidence."""


class LogDesk:
    """Does the errands of the log panel, one at a time."""

    def __init__(self, app: AinurApp, panel: LogsPanel) -> None:
        self._app = app
        self._panel = panel

    async def run(self, errand: Errand) -> None:
        """What a key of the panel wants."""
        match errand:
            case "filters":
                dialog = FiltersDialog(self._panel.stack, self._app.glyphs, self._panel.change,
                                       time.time)  # fmt: skip
                await self._app.push_screen_wait(dialog)
            case "in" | "out":
                await self._value(out=errand == "out")
            case "time":
                await self._time()
            case "new":
                await self._new()
            case "books":
                await self._books()
            case "keep":
                await self._keep()

    async def seek(self, sought: LogView.Sought) -> None:
        """The next match or error beyond the window, of all lines the engine keeps."""
        panel, search = self._panel, self._panel.view.search
        records = panel.view.window.records
        if not records:
            return
        what = LogFilter(kind="min-level", value="error")
        if sought.what == "match" and search is not None:
            what = LogFilter(kind="text", value=search.words)
        query = panel.stack.query(1)
        query.filters = [*query.filters, what]
        if sought.step < 0:
            query.before = records[0].seq
        else:
            query.after, query.forward = records[-1].seq, True
        page = await self._app.feed.page(query)
        if page is not None and page.lines:
            panel.jump(Place(page.lines[0].at, page.lines[0].seq))
        else:
            side = "before this" if sought.step < 0 else "after this"
            panel.tell(f"no {sought.what} {side}" if page is not None else "no engine answers")

    async def _value(self, *, out: bool) -> None:
        record = self._panel.view.record
        if not isinstance(record, LogLine):
            self._panel.tell("no record to take a value of")
            return
        choices: list[Choice[Condition]] = []
        for fact in facts(record):
            what = left_out(fact.what) if out else fact.what
            choices.append(Choice(words_of(what), fact.name, what))
        title = "Leave out what?" if out else "Only records with what?"
        chosen = await self._app.push_screen_wait(ChooseDialog(title, choices, self._app.glyphs))
        if chosen is not None:
            self._panel.follow("out" if out else "in", chosen)

    async def _time(self) -> None:
        about, words = HOW, ""
        while True:
            dialog = TextDialog("Go to which moment?", about, self._app.glyphs, value=words,
                                go="go there")  # fmt: skip
            answer: str | None = await self._app.push_screen_wait(dialog)
            if answer is None:
                return
            if (at := moment_of(answer, time.time())) is not None:
                self._panel.jump(Place(at))
                return
            about, words = f"That is no time: write {HOW}.", answer

    async def _new(self) -> None:
        first = symptom(self._app.store.scene())
        since = first.since if first is not None else None
        news: LogNews | None = await self._app.feed.ask("logs.new", LogNewQuery(since=since))
        table = logplaces.news_table(news, time.time()) if news is not None else None
        empty = "no engine answers" if news is None else "nothing new"
        title = "New since the last good hour"
        chosen = await self._jump(JumpDialog(title, lambda: table, self._app.glyphs, empty=empty))
        if chosen is not None and news is not None:
            found = next(one for one in news.templates if str(one.seq) == chosen.row.key)
            self._panel.action_clear()  # whatever is filtered: the example is to be seen
            self._panel.jump(Place(found.last_at, found.seq))

    async def _books(self) -> None:
        log = self._panel.view
        table = logplaces.books_table(log.books, time.time())
        empty = "no bookmark yet: M sets one on the selected record"
        dialog = JumpDialog("Bookmarks", lambda: table, self._app.glyphs, empty=empty)
        chosen = await self._jump(dialog)
        if chosen is not None:
            log.to(log.books[int(chosen.row.key)])

    async def _jump(self, dialog: ListingDialog) -> Chosen | None:
        chosen: Chosen | None = await self._app.push_screen_wait(dialog)
        return chosen

    async def _keep(self) -> None:
        app, window = self._app, self._panel.view.window
        first, last = window.selected() if window.anchor is not None else (0, len(window.records))
        records = window.records[first : last + 1]
        if not records:
            self._panel.tell("no record to keep")
            return
        many = f"{len(records):,} records"
        incidents = app.store.view.incidents if app.store.view else []
        choices: list[Choice[Kept]] = [
            Choice("Text", f"{many}, a line each", (".log", False)),
            Choice("JSON lines", f"{many}, an object each", (".jsonl", False)),
            Choice("Into the incident", "frozen, on its timeline, with a hash", ("incident", True),
                   None if incidents else "no incident is open"),
            Choice("Freeze as evidence", "with the filters, what the log covers, and a hash",
                   (".evidence.jsonl", True), None if app.evidence else "no state directory"),
        ]  # fmt: skip
        kept: Kept | None = await app.push_screen_wait(
            ChooseDialog("Keep how?", choices, app.glyphs)
        )
        if kept is None:
            return
        scene = app.store.scene()
        stamp = clock(scene.now, date=True).replace(" ", "T").replace(":", "")
        name = f"ainur-log-{scene.environment}-{stamp}Z{kept[0]}"
        head, data = logkeep.evidence(records, self._panel.stack, scene)
        if kept[0] == "incident":
            await app.desks.incidents.keep(incidents[0], data, many)
            return
        if kept[1] and app.evidence is not None:
            app.evidence.mkdir(mode=0o700, parents=True, exist_ok=True)
            told = save(app.evidence / name, data)
            app.desks.operations.tell("Evidence", f"{told}; {await self._journal(head)}")
            return
        data = logkeep.lines(records) if kept[0] == ".jsonl" else logkeep.text(records)
        about = "The file is new and only you can read it; secrets are masked."
        dialog = TextDialog("Write to which file?", about, app.glyphs, value=name, go="write")
        if path := await app.push_screen_wait(dialog):
            app.desks.operations.tell("Log", _write(path, data))

    async def _journal(self, head: LogEvidence) -> str:
        """Have it written in the journal; the sentence that tells how that went."""
        try:
            await self._app.session.call("logs.evidence", head)
        except CallError as error:
            return f"not in the journal: {error.message}"
        except Disconnected:
            return "not in the journal: no engine answers"
        return f"in the journal: {head.records:,} records, SHA-256 {head.sha256[:16]}…"


def _write(path: str, data: bytes) -> str:
    return save(Path(path).expanduser(), data)
