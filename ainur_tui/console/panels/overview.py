"""Overview: the whole system in three seconds."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from ainur_tui.console.draw import overview as draw
from ainur_tui.console.draw import whoneeds
from ainur_tui.console.draw.glyphs import UNICODE, Glyphs
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.panels.base import Panel, Selection
from ainur_tui.console.widgets.bare import Across, Down
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.board import Finding


class Findings(LinesView, can_focus=True):
    """The list of troubles, worst first; Enter opens the target behind one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="findings.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="findings.up"),
        Binding("g,home", "move(-1000000)", "First", show=False, id="findings.first"),
        Binding("G,end", "move(1000000)", "Last", show=False, id="findings.last"),
        Binding("enter", "open", "Detail", id="findings.open"),
    ]  # fmt: skip

    class Opened(Message):
        """A finding was opened."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    def __init__(self, *, glyphs: Glyphs = UNICODE, id: str | None = None) -> None:
        super().__init__(glyphs=glyphs, id=id)
        self._scene: Scene | None = None
        self._index = 0

    @property
    def finding(self) -> Finding | None:
        """The selected trouble."""
        view = self._scene.view if self._scene else None
        found = draw.ordered(view.findings) if view else []
        return found[min(self._index, len(found) - 1)] if found else None

    def show_scene(self, scene: Scene) -> None:
        """Draw the list; the selection stays on its place."""
        self._scene = scene
        found = draw.ordered(scene.view.findings) if scene.view else []
        self._index = max(0, min(self._index, len(found) - 1))
        self.show(draw.wrong(scene, self.size.width, self.size.height, self._index))

    def action_move(self, by: int) -> None:
        self._index += by
        if self._scene is not None:
            self.show_scene(self._scene)

    def action_open(self) -> None:
        if self.finding is not None:
            self.post_message(self.Opened(self.finding.target))


class OverviewPanel(Panel):
    """What is wrong, since when, what it drags down, what changed, what to do next."""

    title: ClassVar[str] = "Overview"
    key: ClassVar[str] = "1"
    series = tuple((target, signal) for _, target, signal in draw.VITALS)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._shares: tuple[int, int] | None = None

    def compose(self) -> ComposeResult:
        with Across(id="overview"):
            with Down(id="overview-left"):
                yield Findings(glyphs=self.glyphs, id="wrong")
                yield LinesView(glyphs=self.glyphs, id="next")
                yield LinesView(glyphs=self.glyphs, id="changed")
            with Down(id="overview-right"):
                yield LinesView(glyphs=self.glyphs, id="vitals")
                yield LinesView(glyphs=self.glyphs, id="needs")

    def show_scene(self, scene: Scene) -> None:
        self._share(scene)
        self.query_one(Findings).show_scene(scene)
        for name, drawn in (
            ("vitals", draw.vitals), ("changed", draw.changed),
            ("next", draw.following), ("needs", whoneeds.needs),
        ):  # fmt: skip
            view = self.query_one(f"#{name}", LinesView)
            columns, rows = view.size
            if name == "needs" and rows == 1:
                view.show([whoneeds.compact_needs(scene, columns)])
            elif columns and rows:
                view.show(drawn(scene, columns, rows))

    def _share(self, scene: Scene) -> None:
        """In a narrow screen the parts are as high as what they have to tell is urgent."""
        narrow = self.screen.has_class("-narrow")
        shares = draw.shares(scene, self.size.height) if narrow else None
        if shares == self._shares:
            return
        self._shares = shares
        changed, vitals = shares or (None, None)
        self.query_one("#changed").styles.height = changed
        self.query_one("#vitals").styles.height = vitals
        self.query_one("#overview-right").styles.height = vitals + 2 if vitals else None

    def selection(self) -> Selection:
        finding = self.query_one(Findings).finding
        return Selection(finding.target if finding else None)

    @property
    def proposes(self) -> bool:
        return self.query_one("#next").size.height > 1

    @property
    def first(self) -> Findings:
        return self.query_one(Findings)
