"""The plan and its confirmation, graded by risk (design §7, S-38, F-50 to F-52)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key, Paste
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.plans import RISK_TONE, Standing, plan_lines
from ainur_tui.console.draw.spans import Line, ends, line
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.action import BreakGlass, Plan

GUARD = 0.5
"""Seconds in which keys are ignored: they were meant for the screen before."""


@dataclass(frozen=True)
class Decision:
    """What the person decided. ``confirm`` is the typed name for R3; ``wish`` says whether to run,
    or first to ask why a lease is taken over or the glass is broken, and show the plan again."""

    wish: Literal["run", "take-over", "break-glass"] = "run"
    confirm: str = ""


class PlanDialog(ModalScreen[Decision | None]):
    """Dismisses with the decision, or ``None`` for no.

    ``take_over`` is the reason given for ending another's lease; ``glass`` tells whether policies
    are lifted now.
    """

    AUTO_FOCUS = ""  # a field that is not shown yet would be focused, and take the keys
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "refuse", "No", id="plan.no"),
        Binding("down", "scroll(1)", "Down", show=False, id="plan.down"),
        Binding("up", "scroll(-1)", "Up", show=False, id="plan.up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="plan.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="plan.page-up"),
    ]

    def __init__(
        self,
        plan: Plan,
        glyphs: Glyphs,
        *,
        take_over: str = "",
        glass: Callable[[], BreakGlass | None] = lambda: None,
    ) -> None:
        super().__init__()
        self.plan = plan
        self._glyphs = glyphs
        self._take_over = take_over
        self._glass = glass
        self._opened = time.monotonic()
        self._top = 0
        self._wrong = ""

    @property
    def standing(self) -> Standing:
        """What stands in the way now: the glass may be put back while the plan is shown."""
        return Standing.of(self.plan, self._glass(), self._take_over)

    def compose(self) -> ComposeResult:
        with Vertical(classes=f"dialog plan risk-{self.plan.risk}"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            yield LinesView(glyphs=self._glyphs, classes="dialog-body", sized=self.redraw)
            if self.plan.risk == "R3":
                field = Input(placeholder=f"type {self._short} to confirm", compact=True)
                field.display = not self.standing.hindrance
                yield field
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def on_mount(self) -> None:
        self._opened = time.monotonic()
        for field in self.query(Input):
            self.set_focus(field if field.display else None)
        self.set_interval(1.0, self.redraw)

    def on_screen_resume(self) -> None:
        self._opened = time.monotonic()

    @property
    def _short(self) -> str:
        return self.plan.target.rpartition("/")[2]

    def redraw(self) -> None:
        """Draw the plan; nothing in it changes while it is shown, but the glass may."""
        for field in self.query(Input):
            if field.display == bool(self.standing.hindrance):
                field.display = not field.display
                self.set_focus(field if field.display else None)
        body = self.query_one(".dialog-body", LinesView)
        columns, rows = body.size
        if not columns:
            return
        lines = plan_lines(self.plan, columns, self.standing)
        self._top = max(0, min(self._top, len(lines) - rows))
        body.show(lines[self._top : self._top + rows])
        last = min(len(lines), self._top + rows)
        place = f"{self._top + 1}-{last} of {len(lines)}, Up Down " if len(lines) > rows else ""
        start = line((self.plan.title, "strong"), ("   nothing has been done yet", "quiet"))
        # A plan that goes on below says so in its first line: nobody decides on half of it.
        self.query_one(".dialog-title", LinesView).show(
            [ends(start, line((place, "warn" if last < len(lines) else "quiet")), columns)]
        )
        self.query_one(".dialog-keys", LinesView).show([self._keys()])

    def _keys(self) -> Line:
        back = line(("Esc", "key"), (" back", "quiet"))
        match self.standing.hindrance:
            case "blocked":
                return back
            case "policy":
                return (("g", "key"), (" break the glass (asks why)     ", "fail"), *back)
            case "held":
                return (("t", "key"), (" take over (asks why)     ", "warn"), *back)
        if self._wrong:
            return line((f"{self._wrong!r} is not {self._short}; ", "fail"), ("Esc", "key"),
                        (" no", "quiet"))  # fmt: skip
        tone = RISK_TONE[self.plan.risk]
        match self.plan.risk:
            case "R3":
                how: Line = line(("Enter", "key"), (" run, once the name is typed", tone))
            case "R2":
                how = line(("y", "key"), (" run it", tone))
            case _:
                how = line(("Enter", "key"), (" run it", tone))
        return (*how, ("     ", "text"), ("Esc", "key"), (" no (default)", "quiet"))

    def on_paste(self, event: Paste) -> None:
        event.stop()

    def on_key(self, event: Key) -> None:
        if time.monotonic() - self._opened < GUARD:
            event.stop()
            event.prevent_default()
            return
        hindrance = self.standing.hindrance
        if hindrance == "held" and event.key == "t":
            event.stop()
            self.dismiss(Decision("take-over"))
        elif hindrance == "policy" and event.key == "g":
            event.stop()
            self.dismiss(Decision("break-glass"))
        if hindrance or self.plan.risk == "R3":
            return
        wanted = "y" if self.plan.risk == "R2" else "enter"
        if event.key == wanted:
            event.stop()
            self.dismiss(Decision())
        elif event.key in {"n", "q", "enter"}:
            event.stop()
            self.dismiss(None)

    def on_input_changed(self) -> None:
        self._wrong = ""
        self.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        if typed in {self.plan.target, self._short} and not self.standing.hindrance:
            self.dismiss(Decision(confirm=typed))
            return
        self._wrong = typed or " "
        self.redraw()

    def action_scroll(self, by: int) -> None:
        self._top += by
        self.redraw()

    def action_page(self, by: int) -> None:
        self.action_scroll(by * max(1, self.query_one(".dialog-body").size.height - 1))

    def action_refuse(self) -> None:
        self.dismiss(None)
