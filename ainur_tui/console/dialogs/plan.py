"""The plan and its confirmation, graded by risk (design §7, S-38, F-50 to F-52)."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key, Paste
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.plans import RISK_TONE, plan_lines
from ainur_tui.console.draw.spans import Line, line
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.action import Plan

GUARD = 0.5
"""Seconds in which keys are ignored: they were meant for the screen before."""


class PlanDialog(ModalScreen[str | None]):
    """Dismisses with the confirmation (``""`` for a key, the typed name for R3) or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "refuse", "No", id="plan.no"),
        Binding("down", "scroll(1)", "Down", show=False, id="plan.down"),
        Binding("up", "scroll(-1)", "Up", show=False, id="plan.up"),
    ]

    def __init__(self, plan: Plan, glyphs: Glyphs) -> None:
        super().__init__()
        self.plan = plan
        self._glyphs = glyphs
        self._opened = time.monotonic()
        self._top = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes=f"dialog plan risk-{self.plan.risk}"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            yield LinesView(glyphs=self._glyphs, classes="dialog-body", sized=self.redraw)
            if self.plan.risk == "R3" and not self.plan.blocked:
                yield Input(placeholder=f"type {self.plan.target} to confirm", compact=True)
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def on_mount(self) -> None:
        self._opened = time.monotonic()

    def redraw(self) -> None:
        """Draw the plan; nothing in it changes while it is shown."""
        body = self.query_one(".dialog-body", LinesView)
        columns, rows = body.size
        if not columns:
            return
        lines = plan_lines(self.plan, columns)
        self._top = max(0, min(self._top, len(lines) - rows))
        body.show(lines[self._top : self._top + rows])
        self.query_one(".dialog-title", LinesView).show(
            [line((self.plan.title, "strong"), ("   nothing has been done yet", "quiet"))]
        )
        self.query_one(".dialog-keys", LinesView).show([self._keys()])

    def _keys(self) -> Line:
        if self.plan.blocked:
            return line(("Esc", "key"), (" back", "quiet"))
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
        if self.plan.blocked or self.plan.risk == "R3":
            return
        wanted = "y" if self.plan.risk == "R2" else "enter"
        if event.key == wanted:
            event.stop()
            self.dismiss("")
        elif event.key in {"n", "q", "enter"}:
            event.stop()
            self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        if typed == self.plan.target:
            self.dismiss(typed)
        else:
            self.query_one(".dialog-keys", LinesView).show(
                [
                    line(
                        (f"that is not {self.plan.target}; ", "fail"),
                        ("Esc", "key"),
                        (" no", "quiet"),
                    )
                ]
            )

    def action_scroll(self, by: int) -> None:
        self._top += by
        self.redraw()

    def action_refuse(self) -> None:
        self.dismiss(None)
