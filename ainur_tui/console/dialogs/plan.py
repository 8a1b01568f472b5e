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
from textual.widgets import Input

from ainur_tui.console.dialogs.confirm import ConfirmDialog, ConfirmField
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.plans import (
    RISK_TONE,
    Around,
    Standing,
    plan_lines,
    plan_title,
)
from ainur_tui.console.draw.recovery import rto
from ainur_tui.console.draw.spans import Line, line
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.action import BreakGlass, Plan

OLD = 300.0
"""Seconds after which a plan must be read again: who knows what it rests on now (F-43)."""
_ASKS: dict[str, Literal["take-over", "break-glass", "again"]] = {
    "held t": "take-over", "policy g": "break-glass", "old r": "again",
}  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """What the person decided. ``confirm`` is the typed name for R3; ``wish`` says whether to run,
    or first to ask why a lease is taken over or the glass is broken, or just to read the facts
    anew, and show the plan again."""

    wish: Literal["run", "take-over", "break-glass", "again"] = "run"
    confirm: str = ""


class PlanDialog(ConfirmDialog[Decision]):
    """Dismisses with the decision, or ``None`` for no.

    ``glass`` tells whether policies are lifted now.
    """

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
        around: Around | None = None,
        *,
        glass: Callable[[], BreakGlass | None] = lambda: None,
    ) -> None:
        super().__init__(glyphs)
        self.plan = plan
        self._around = around or Around()
        self._glass = glass
        self._read_at = time.time()
        self._drawn = False
        self._read = False

    @property
    def standing(self) -> Standing:
        """What stands in the way now: the glass may be put back while the plan is shown."""
        old = time.time() - self._read_at > OLD
        return Standing.of(self.plan, self._glass(), self._around, old=old)

    def compose(self) -> ComposeResult:
        with Vertical(classes=f"dialog plan risk-{self.plan.risk}"):
            yield LinesView(glyphs=self.glyphs, classes="dialog-title")
            yield LinesView(glyphs=self.glyphs, classes="dialog-body", sized=self.redraw)
            if self.plan.risk == "R3":
                field = ConfirmField(self.guard, placeholder=f"type {self._short} to confirm")
                field.display = not self.standing.hindrance
                yield field
            yield LinesView(glyphs=self.glyphs, classes="dialog-keys")

    def on_mount(self) -> None:
        for field in self.query(Input):
            self.set_focus(field if field.display else None)
        self.set_interval(1.0, self.redraw)

    def on_screen_resume(self) -> None:
        if self._drawn:
            self.call_after_refresh(self.guard.painted)

    @property
    def _short(self) -> str:
        return self.plan.target.rpartition("/")[2]

    def redraw(self) -> None:
        """Draw the plan; it stays as it is while it is shown, what stands in its way may not."""
        for field in self.query(Input):
            if field.display == bool(self.standing.hindrance):
                field.display = not field.display
                self.set_focus(field if field.display else None)
        body = self.query_one(".dialog-body", LinesView)
        columns, rows = body.size
        if not columns:
            return
        lines = plan_lines(self.plan, columns, self.standing)
        self.top = max(0, min(self.top, len(lines) - rows))
        body.show(lines[self.top : self.top + rows])
        last = min(len(lines), self.top + rows)
        self._read = self._read or last == len(lines)
        place = f"{self.top + 1}-{last} of {len(lines)}, Up Down " if len(lines) > rows else ""
        # A plan that goes on below says so in its first line: nobody decides on half of it.
        clock = (*rto(self.plan.goal, time.time()), ("   ", "text"))
        end = (*clock, (place, "warn" if last < len(lines) else "quiet"))
        head = self.query_one(".dialog-title", LinesView)
        told = plan_title(self.plan.title, end, columns)
        head.styles.height = len(told)
        head.show(told)
        self.query_one(".dialog-keys", LinesView).show([self._keys()])
        if not self._drawn:
            self._drawn = True
            self.call_after_refresh(self.guard.painted)

    def _keys(self) -> Line:
        back = line(("Esc", "key"), (" back", "quiet"))
        match self.standing.hindrance:
            case "blocked" | "reading":
                return back
            case "policy":
                return (("g", "key"), (" break the glass (asks why)     ", "fail"), *back)
            case "held":
                return (("t", "key"), (" take over (asks why)     ", "warn"), *back)
            case "old":
                return (("r", "key"), (" read the facts again     ", "warn"), *back)
        if self.wrong:
            return line((f"{self.wrong}; ", "fail"), ("Esc", "key"), (" no", "quiet"))
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
        if self.guard.early(event):
            event.stop()
            event.prevent_default()
            return
        hindrance = self.standing.hindrance
        if wish := _ASKS.get(f"{hindrance} {event.key}"):
            event.stop()
            self.dismiss(Decision(wish))
        if hindrance or self.plan.risk == "R3":
            return
        wanted = "y" if self.plan.risk == "R2" else "enter"
        if event.key == wanted:
            event.stop()
            self.dismiss(Decision())
        elif event.key in {"n", "q", "enter"}:
            event.stop()
            self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        if self.standing.hindrance:
            return
        if typed not in {self.plan.target, self._short}:
            self.say(f"{typed!r} is not {self._short}")
        elif not self._read:
            self.say("the plan goes on below: read it to its end first (PgDn)")
        else:
            self.dismiss(Decision(confirm=typed))
