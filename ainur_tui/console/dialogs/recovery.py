"""From what to recover: the candidates, best evidence first, under a clock that runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ainur_tui.console.dialogs.listing import Chosen
from ainur_tui.console.dialogs.page import Build, PageDialog
from ainur_tui.console.draw import recovery as draw
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import Line, line, wrap
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.table import TableView
from ainur_tui.model.table import Row

EMPTY = (
    "No backup is listed: none is configured, or no place can be read. ainur-tui recover list"
    " tells why; t shows what to do after a total loss."
)


class RecoveryDialog(ModalScreen[Chosen | None]):
    """Dismisses with a backup and what is wanted of it: ``recover``, ``verify`` or ``loss``."""

    AUTO_FOCUS = "TableView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "wish('verify')", "Verify it", id="recovery.verify"),
        Binding("t", "wish('loss')", "Total loss", id="recovery.loss"),
        Binding("escape,q", "close", "Close", id="recovery.close"),
    ]

    def __init__(self, scene: Callable[[], Scene], begun: float, glyphs: Glyphs) -> None:
        super().__init__()
        self._scene = scene
        self._begun = begun
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog listing"):
            yield LinesView(glyphs=self._glyphs, classes="recovery-head", sized=self.redraw)
            yield TableView(glyphs=self._glyphs)
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def on_mount(self) -> None:
        self.call_after_refresh(self.redraw)
        self.set_interval(1.0, self.redraw)

    def redraw(self) -> None:
        """Draw the newest candidates; the clock goes on."""
        if not self.query(".dialog-keys"):
            return
        scene = self._scene()
        head = self.query_one(".recovery-head", LinesView)
        table = scene.view.table("recovery") if scene.view else None
        empty = [line((text, "warn")) for text in wrap(EMPTY, max(20, head.size.width), 6)]
        self.query_one(TableView).show_table(table, empty=empty, stale=scene.lost is not None)
        row = self.query_one(TableView).row
        told = draw.head(scene, self._begun, row, max(20, head.size.width))
        head.styles.height = len(told)
        head.show(told)
        self.query_one(".dialog-keys", LinesView).show([self._keys()])

    def _keys(self) -> Line:
        row = self.query_one(TableView).row
        able: Line = ()
        if row is not None and row.params:
            able = (("Enter", "key"), (" the plan to recover from it   ", "fail"),
                    ("v", "key"), (" verify it first   ", "text"))  # fmt: skip
        elif row is not None:
            able = line(("this one cannot be recovered from   ", "warn"))
        return (*able, ("t", "key"), (" total loss   ", "text"), ("Esc", "key"),
                (" close", "quiet"))  # fmt: skip

    def on_table_view_opened(self, message: TableView.Opened) -> None:
        message.stop()
        if message.row.params:
            self.dismiss(Chosen("recover", message.row))

    def action_wish(self, name: str) -> None:
        row = self.query_one(TableView).row
        if row is not None and (row.params or name == "loss"):
            self.dismiss(Chosen(name, row))
        elif name == "loss":
            self.dismiss(Chosen(name, Row(key="", cells=[])))

    def action_close(self) -> None:
        self.dismiss(None)


class LossDialog(PageDialog):
    """Every step when nothing is left; ``p`` leads to the plan of the next one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "go", "The next step…", id="loss.go"),
    ]

    def __init__(self, build: Build, glyphs: Glyphs) -> None:
        super().__init__("When nothing is left", build, glyphs)
        self.wanted = False

    def keys(self) -> Line:
        go: Line = (("p", "key"), (" look, and plan the next step   ", "fail"))
        return (*go, *super().keys())

    def action_go(self) -> None:
        self.wanted = True
        self.dismiss(None)
