"""The editor of who needs whom: squares that are filled and emptied, saved all at once."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ainur_tui.console.draw import needs as draw
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import Line, Span, line
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.needs import difference, fault
from ainur_tui.model.needscalls import NeedsCall, NeedsView


class NeedsDialog(ModalScreen[NeedsCall | None]):
    """Dismisses with the call that saves the draft, or ``None``. ``draft`` is one to go on with,
    that could not be saved because of ``words``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "go(1, 0)", "Down", show=False, id="needs.down"),
        Binding("up,k", "go(-1, 0)", "Up", show=False, id="needs.up"),
        Binding("right,l", "go(0, 1)", "Right", show=False, id="needs.right"),
        Binding("left,h", "go(0, -1)", "Left", show=False, id="needs.left"),
        Binding("space", "turn", "Add or remove", id="needs.turn"),
        Binding("plus", "put(True)", "Add", show=False, id="needs.add"),
        Binding("minus,delete", "put(False)", "Remove", show=False, id="needs.remove"),
        Binding("d", "default", "As configured", id="needs.default"),
        Binding("enter,s", "save", "Save", id="needs.save"),
        Binding("escape,q", "close", "Drop", id="needs.close"),
    ]

    def __init__(
        self,
        told: NeedsView,
        glyphs: Glyphs,
        *,
        read_only: bool,
        draft: dict[str, list[str]] | None = None,
        words: str = "",
    ) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._told = told
        self._names = draw.names(told)
        self._draft = {name: list(needed) for name, needed in (draft or told.needs).items()}
        self._read_only = read_only
        self._down, self._across = 0, min(1, len(self._names) - 1)
        self._words = words

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog page plan"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            yield LinesView(glyphs=self._glyphs, classes="dialog-body", sized=self.redraw)
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def redraw(self) -> None:
        """Draw the squares, the changes and the tree."""
        body = self.query_one(".dialog-body", LinesView)
        if not body.size.width:
            return
        body.show(
            draw.page(self._told, self._draft, (self._down, self._across), self._glyphs,
                      (body.size.width, body.size.height), words=self._words)
        )  # fmt: skip
        self.query_one(".dialog-title", LinesView).show([line(("Who needs whom", "title"))])
        self.query_one(".dialog-keys", LinesView).show([self._keys()])

    def _keys(self) -> Line:
        changed = bool(difference(self._told.needs, self._draft))
        names = [("hjkl", "move")]
        if not self._read_only:
            names += [("Space", "add, remove"), ("d", "as configured")]
        if changed:
            names.append(("Enter", "save"))
        spans: list[Span] = []
        for key, word in [*names, ("Esc", "drop" if changed else "close")]:
            spans += [(key, "key"), (f" {word}   ", "quiet")]
        return tuple(spans)

    def action_go(self, down: int, across: int) -> None:
        most = len(self._names) - 1
        self._down = max(0, min(self._down + down, most))
        self._across = max(0, min(self._across + across, most))
        self._words = ""
        self.redraw()

    def action_turn(self) -> None:
        name, need = self._names[self._down], self._names[self._across]
        self.action_put(need not in self._draft.get(name, []))

    def action_put(self, there: bool) -> None:
        """Fill or empty the chosen square; what cannot hold is refused in words."""
        name, need = self._names[self._down], self._names[self._across]
        wanted = [one for one in self._draft.get(name, []) if one != need]
        if there:
            wanted.append(need)
        draft = self._draft | {name: wanted}
        self._words = ""
        if self._read_only:
            self._words = "this console was opened read only"
        elif there and (why := fault(draft, self._names)):
            self._words = f"{name} cannot need {need}: {why}"
        else:
            self._draft = draft
        self.redraw()

    def action_default(self) -> None:
        """The configuration's graph as the draft."""
        if not self._read_only:
            self._draft = {name: list(needed) for name, needed in self._told.default.items()}
            self._words = ""
            self.redraw()

    def action_save(self) -> None:
        if self._read_only or not difference(self._told.needs, self._draft):
            self.dismiss(None)
            return
        same = not difference(self._told.default, self._draft)
        draft = {name: needed for name, needed in self._draft.items() if needed}
        self.dismiss(NeedsCall(needs=None if same else draft, seen=self._told.needs))

    def action_close(self) -> None:
        self.dismiss(None)
