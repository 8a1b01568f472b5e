"""The progress of a run, with the keys to stop it or to take it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.recovery import rto
from ainur_tui.console.draw.runs import run_lines, running_at
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, line
from ainur_tui.model.action import FINAL, Run

_BELOW = 4
"""Lines kept below the step it is at."""


class RunDialog(PageDialog):
    """Shows what ``find`` gives, drawn again whenever the picture changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "stop", "Stop it…", id="run.stop"),
        Binding("c", "word", "Give the word…", id="run.word"),
        Binding("r", "again", "Again…", id="run.again"),
        Binding("m", "mend", "Put right…", id="run.mend"),
        Binding("u", "undo", "Take it back…", id="run.undo"),
    ]

    def __init__(
        self,
        find: Callable[[], Run | None],
        glyphs: Glyphs,
        *,
        scene: Callable[[], Scene],
        word: Callable[[], None],
        stop: Callable[[], None],
        undo: Callable[[], None],
        again: Callable[[], None],
        mend: Callable[[], None],
    ) -> None:
        def build(columns: int) -> list[Line]:
            run = find()
            if run is None:
                return [line(("this run is not known to the engine any more", "quiet"))]
            at = scene()
            return run_lines(run, at.now, columns, glyphs, at.lost)

        run = find()
        super().__init__(run.plan.title if run else "Run", build, glyphs)
        self._find = find
        self._scene = scene
        self._word = word
        self._asked = False
        self._stop = stop
        self._undo = undo
        self._again = again
        self._mend = mend
        self._moved = False

    def redraw(self) -> None:
        """Draw it; what it asks for comes up once by itself, where somebody looks at it."""
        super().redraw()
        run = self._find()
        asks = run is not None and run.asking is not None
        if asks and not self._asked and self.is_current and self.check_action("word", ()):
            self._word()
        self._asked = asks

    def place(self, lines: list[Line], rows: int) -> int:
        """A long run is shown where it is, then its verdict, which stands first, until somebody
        scrolls."""
        if self._moved:
            return self._top
        run = self._find()
        if run is None or run.state in FINAL:
            return 0
        return running_at(lines) - rows + _BELOW

    def note(self) -> Line:
        run = self._find()
        if run is None:
            return EMPTY
        at = run.finished_at or self._scene().now
        return (*rto(run.plan.goal, at), ("   ", "text"))

    def action_scroll(self, by: int) -> None:
        self._moved = True
        super().action_scroll(by)

    def keys(self) -> Line:
        found: Line = ()
        if self.check_action("word", ()):
            found += (("c", "key"), (" give the word   ", "fail"))
        if self.check_action("stop", ()):
            found += (("x", "key"), (" stop it (asks)   ", "warn"))
        if self.check_action("mend", ()):
            found += (("m", "key"), (" put it right…   ", "warn"))
        if self.check_action("again", ()):
            found += (("r", "key"), (" do it again…   ", "text"))
        if self.check_action("undo", ()):
            found += (("u", "key"), (" take it back…   ", "text"))
        return (*found, *super().keys())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what makes sense for the run as it stands."""
        run = self._find()
        over = run is not None and run.finished_at is not None
        match action:
            case "word":
                asks = run is not None and run.asking is not None
                return asks and not self._scene().read_only and self._scene().lost is None
            case "stop":
                return run is not None and run.state not in FINAL and self._scene().lost is None
            case "undo":
                return over and run is not None and run.plan.undo is not None
            case "mend":
                return over and run is not None and bool(run.mends)
            case "again":
                return over and run is not None and run.state != "verified"
        return super().check_action(action, parameters)

    def action_word(self) -> None:
        self._word()

    def action_stop(self) -> None:
        self._stop()

    def action_mend(self) -> None:
        self.dismiss()
        self._mend()

    def action_undo(self) -> None:
        self.dismiss()
        self._undo()

    def action_again(self) -> None:
        self.dismiss()
        self._again()
