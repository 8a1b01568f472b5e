"""A table over the whole screen: filter, sort, detail, and export to a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.help import key_name, keys_line
from ainur_tui.console.draw.spans import Line, Tone, fit, line, wrap
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.table import TableView
from ainur_tui.model.table import Row, Table
from ainur_tui.model.text import clean


def save(path: Path, data: bytes) -> str:
    """Write a new file that only its owner reads; the sentence that tells how it went."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except FileExistsError:
        return f"not written: {clean(path, 200)} is there already"
    except OSError as error:
        return f"not written: {clean(path, 200)}: {error.strerror}"
    return f"written: {clean(path, 200)} ({len(data):,} bytes)"


@dataclass(frozen=True)
class Chosen:
    """A row, and the key that says what is wanted of it: ``a`` is the actions of its target."""

    key: str
    row: Row


class ListingDialog(ModalScreen[Chosen | None]):
    """Shows what ``build`` gives, drawn anew each second. Dismisses with the row something is
    wanted of, or ``None``. ``more`` are further keys for a row, with a word each; ``export`` makes
    the bytes of a file whose name is proposed."""

    AUTO_FOCUS = "TableView"
    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "detail"), ("slash", "filter"), ("o", "sort"), ("a", "actions"),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="listing.filter"),
        Binding("a", "act", "Actions", id="listing.act"),
        Binding("e", "export", "Export", id="listing.export"),
        Binding("escape", "back", "Close", id="listing.back"),
        Binding("q", "close", "Close", show=False, id="listing.close"),
    ]

    def __init__(
        self,
        title: str,
        build: Callable[[], Table | None],
        glyphs: Glyphs,
        *,
        empty: str,
        export: tuple[str, Callable[[], bytes]] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._build = build
        self._glyphs = glyphs
        self._empty = empty
        self._export = export
        self._more = more or {}
        self._told: tuple[str, Tone] = ("", "quiet")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog listing"):
            field = Input(placeholder="filter: Enter keeps it, Esc clears it", compact=True)
            field.display = False
            yield field
            yield TableView(glyphs=self._glyphs)
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys", sized=self.redraw)

    def on_mount(self) -> None:
        self.call_after_refresh(self.redraw)
        self.set_interval(1.0, self.redraw)

    def redraw(self) -> None:
        """Draw the newest rows; the selection stays on its row."""
        view = self.query_one(TableView)
        empty = [line((" " + text, "quiet")) for text in wrap(self._empty, 70)]
        view.show_table(self._build(), empty=empty)
        keys = self.query_one(".dialog-keys", LinesView)
        keys.show([self._keys(keys.size.width)])

    def _keys(self, columns: int) -> Line:
        if self._told[0]:
            return fit(line(self._told), columns)
        names = [*self.KEYS, *self._more.items()]
        if self._export is not None:
            names.append(("e", "export"))
        names.append(("escape", "close"))
        return keys_line([(key_name(key), word) for key, word in names], columns)

    def action_filter(self) -> None:
        field = self.query_one(Input)
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(TableView).set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._unfilter(keep=True)

    def _unfilter(self, *, keep: bool) -> None:
        field = self.query_one(Input)
        if not keep:
            field.value = ""
            self.query_one(TableView).set_filter("")
        field.display = bool(field.value)
        self.query_one(TableView).focus()

    def action_back(self) -> None:
        """Esc drops the filter first."""
        if self.query_one(Input).display:
            self._unfilter(keep=False)
        else:
            self.dismiss(None)

    def action_close(self) -> None:
        self.dismiss(None)

    def action_act(self) -> None:
        row = self.query_one(TableView).row
        if row is not None and row.target:
            self.dismiss(Chosen("a", row))

    def on_key(self, event: Key) -> None:
        row = self.query_one(TableView).row
        if event.key in self._more and row is not None and not self.query_one(Input).has_focus:
            event.stop()
            self.dismiss(Chosen(event.key, row))

    def action_export(self) -> None:
        if self._export is None:
            return
        from ainur_tui.console.dialogs.text import TextDialog

        name, make = self._export

        def write(path: str | None) -> None:
            if path:
                words = save(Path(path).expanduser(), make())
                self._told = (words, "fail" if words.startswith("not") else "ok")
                self.redraw()

        about = "The file is new and only you can read it; one JSON object a line, with its hash."
        dialog = TextDialog("Export to which file?", about, self._glyphs, value=name, go="write")
        self.app.push_screen(dialog, write)
