"""A playbook over the whole screen: what it sees, what it wants, what a person decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from ainur_tui.console.dialogs.confirm import Guard
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.draw import playbook as draw
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import Line, line
from ainur_tui.model.playbook import PlaybookRun
from ainur_tui.model.playbookcalls import Choice

_ABOVE = 3
"""Lines kept above the step at hand."""
_DECISIONS = frozenset({"do", "skip", "retry", "abort", "take_over"})


class PlaybookDialog(PageDialog):
    """Shows the run that ``find`` gives. ``decide`` hears the choice a key stands for; Esc leaves,
    and the playbook goes on in the engine."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "do", "Do it: its plan first", id="playbook.do"),
        Binding("s", "skip", "Skip…", id="playbook.skip"),
        Binding("r", "retry", "Again", id="playbook.retry"),
        Binding("x", "abort", "Abort…", id="playbook.abort"),
        Binding("t", "take_over", "Take over…", id="playbook.take-over"),
    ]

    def __init__(
        self,
        find: Callable[[], PlaybookRun | None],
        scene: Callable[[], Scene],
        decide: Callable[[Choice], None],
    ) -> None:
        def build(columns: int) -> list[Line]:
            run = find()
            if run is None:
                return [line(("the engine knows this playbook run no more", "quiet"))]
            return draw.lines(run, scene(), columns)

        run = find()
        title = f"Playbook: {run.book.title}" if run else "Playbook"
        super().__init__(title, build, scene().glyphs, guard=Guard())
        self._find = find
        self._scene = scene
        self._decide = decide
        self._moved = False

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(".dialog").add_class("playbook")

    def on_screen_resume(self) -> None:
        """The plan that stood over it is gone: what it shows may have changed since."""
        self.call_after_refresh(self.redraw)

    def place(self, lines: list[Line], rows: int) -> int:
        run = self._find()
        if self._moved or run is None:
            return self._top
        return max(0, draw.at_hand(lines) - _ABOVE) if run.state == "running" else 0

    def action_scroll(self, by: int) -> None:
        self._moved = True
        super().action_scroll(by)

    def keys(self) -> Line:
        found: Line = ()
        run = self._find()
        if run is not None and self.check_action("do", ()):
            words = " its plan   " if run.step.run else " it is done   "
            found += (("Enter", "key"), (words, "warn"))
        for action, key, words in (
            ("retry", "r", " again   "), ("skip", "s", " skip…   "), ("abort", "x", _abort(run)),
            ("take_over", "t", " take over…   "),
        ):  # fmt: skip
            if self.check_action(action, ()):
                found += ((key, "key"), (words, "text"))
        on = run is not None and run.state == "running"
        return (*found, ("Esc", "key"), (" leave, it goes on" if on else " close", "quiet"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what makes sense for the step at hand, for whoever works through it."""
        if action not in _DECISIONS:
            return super().check_action(action, parameters)
        run, scene = self._find(), self._scene()
        if run is None or run.state != "running" or scene.lost is not None or scene.read_only:
            return False
        if action == "take_over" or run.operator != self._me(scene):
            return action == "take_over" and run.operator != self._me(scene)
        state = run.now.state
        match action:
            case "do":
                return state == "deciding" or (state == "stuck" and run.step.ask is not None)
            case "retry":
                return state == "stuck"
            case "skip":
                return state in {"looking", "deciding", "stuck", "proving"}
        return state != "ordered"

    @staticmethod
    def _me(scene: Scene) -> str:
        return scene.welcome.operator if scene.welcome else scene.operator

    def action_do(self) -> None:
        run = self._find()
        if run is not None:
            self._decide("run" if run.step.run else "done")

    def action_skip(self) -> None:
        self._decide("skip")

    def action_retry(self) -> None:
        self._decide("retry")

    def action_abort(self) -> None:
        self._decide("abort")

    def action_take_over(self) -> None:
        self._decide("take-over")


def _abort(run: PlaybookRun | None) -> str:
    """What ``x`` ends: the action that goes on, else the playbook."""
    acting = run is not None and run.now.state == "acting"
    return " stop its action…   " if acting else " abort…   "
