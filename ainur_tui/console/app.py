"""The console: draws what the engine says and sends what the operator decided."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input

from ainur_tui.client.session import Launch, Session
from ainur_tui.console import frame_keys
from ainur_tui.console.desks import Desks
from ainur_tui.console.desktop import Desktop, Kind
from ainur_tui.console.draw.glyphs import Glyphs, glyphs_for
from ainur_tui.console.endings import end_on_signals
from ainur_tui.console.feed import Feed
from ainur_tui.console.looks import THEME, stylesheet
from ainur_tui.console.opening import Opening
from ainur_tui.console.painting import draw_frame, paint
from ainur_tui.console.panels.logs import LogsPanel
from ainur_tui.console.screen import MainScreen
from ainur_tui.console.store import Store
from ainur_tui.console.tabbing import AHEAD
from ainur_tui.console.thrift import ThriftyDriver
from ainur_tui.console.widgets.bare import Across, Down
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.tones import Tones
from ainur_tui.model.wire import Hello

AGAIN = 0.5
"""Seconds until an engine is heard again after a fault of ours."""


class AinurApp(Opening):
    """Header, tabs, one panel, the strip of actions, footer; everything else is a dialog."""

    CSS_PATH: ClassVar = stylesheet()
    TITLE = "Ainur"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (50, "-narrow"), (100, "-normal")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (14, "-low"), (44, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*frame_keys.BINDINGS]

    def __init__(
        self,
        *,
        socket: Path,
        hello: Hello,
        environment: str,
        launch: Launch | None = None,
        read_only: bool = False,
        evidence: Path | None = None,
        bell: bool = False,
        desktop: Kind = "off",
    ) -> None:
        super().__init__(driver_class=ThriftyDriver, ansi_color=False)
        self.evidence = evidence
        self.bell_wanted = bell
        self.rung: set[tuple[str, str, float]] = set()
        self.desktop = Desktop(desktop, os.environ)
        self.register_theme(THEME)
        # Set before anything watches: a change of theme parses and applies every style again.
        self.set_reactive(App.theme, THEME.name)
        self.stylesheet.set_variables(self.get_css_variables())
        self.glyphs: Glyphs = glyphs_for(getattr(sys.__stderr__, "encoding", None))
        self.crash: Exception | None = None
        self.store = Store(
            self.glyphs, environment, operator=hello.operator, read_only=read_only,
            changed=self.redraw, lines=self._lines_arrived, relinked=self._relinked,
        )  # fmt: skip
        self.session = Session(socket, hello, self.store, launch=launch)
        self.feed = Feed(self)
        self.desks = Desks(self)

    def run_console(self) -> int:
        """Run until the operator leaves; returns the exit code. Re-raises what crashed it."""
        # The terminal is written by a thread of its own: it must not wait for ours at every chunk.
        sys.setswitchinterval(0.0005)
        self.run(mouse=False)
        if self.crash is not None:
            raise self.crash
        return self.return_code or 0

    def get_default_screen(self) -> Screen[Any]:
        return MainScreen(self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS, self.redraw)

    def compose(self) -> ComposeResult:
        yield Tones()
        with Across(id="top"):
            yield LinesView(glyphs=self.glyphs, id="header")
            yield LinesView(glyphs=self.glyphs, id="clock")
        yield LinesView(glyphs=self.glyphs, id="tabs")
        yield Down(self.panel_of(self.active), id="body")
        yield LinesView(glyphs=self.glyphs, id="strip")
        yield LinesView(glyphs=self.glyphs, id="footer")
        yield LinesView(glyphs=self.glyphs, id="tiny")

    def on_mount(self) -> None:
        self.set_class(self.glyphs.ascii, "-ascii")
        end_on_signals(self._leave)
        self.app_resume_signal.subscribe(self, self._resumed)
        self.run_worker(self.hear(), group="session", exit_on_error=False)
        self.set_interval(1.0, self.redraw)
        self.set_interval(4.0, self.feed.ask_series)
        self.set_interval(1.0, self.feed.present)
        self.panel.focus_first()

    async def hear(self) -> None:
        """Hear the engine for ever. A fault of ours is told and costs one connection: a picture
        that nobody renews must never pass for the newest."""
        while True:
            try:
                return await self.session.run()
            except Exception as error:
                self.store.unlinked(f"our own code failed ({type(error).__name__})")
                await asyncio.sleep(AGAIN)

    def on_ready(self) -> None:
        """What start-up made lives as long as we do: collecting it again and again is in vain."""
        gc.freeze()
        gc.enable()
        self.set_timer(AHEAD, self.make_ahead)

    def redraw(self) -> None:
        """Draw everything that is visible."""
        if self.is_running and self.screen_stack:
            paint(self)

    def redraw_frame(self) -> None:
        """Draw what stands around the tabs."""
        draw_frame(self, self.store.scene())

    def _lines_arrived(self, page: Any) -> None:
        if isinstance(self.panel, LogsPanel):
            self.panel.append(page)

    def _relinked(self) -> None:
        self.feed.meet()

    def _leave(self, code: int) -> None:
        self.exit(return_code=code)

    def _resumed(self, _: Any) -> None:
        """A question from before the pause is void: who knows how long it lasted (F-43)."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.redraw()

    def _handle_exception(self, error: Exception) -> None:
        """Textual would print a traceback with the values of locals, secrets among them (E-12)."""
        self.crash = self.crash or error
        self._return_code = 70
        self._close_messages_no_wait()

    def action_help_page(self) -> None:
        """Every key of this screen."""
        self.desks.pages.help(self.active)

    def action_span(self, step: int) -> None:
        """Wider or narrower charts."""
        self.feed.change_span(step)

    async def action_back(self) -> None:
        """Esc: drop the filter, hide ended actions and notices."""
        await self.unfilter()
        self.store.dismiss()
        self.panel.focus_first()
        self.redraw()

    def action_leave(self) -> None:
        """Close the console; the engine goes on with what it does."""
        self.exit(return_code=0)

    def action_act(self, name: str = "") -> None:
        """Choose an action (or the targets of one), see its plan, decide."""
        self.lead(self.desks.operations.choose(name or None, self.panel.selection()))

    def lead(self, work: Coroutine[Any, Any, None]) -> None:
        """Talk something over with the person: one thing at a time."""
        self.run_worker(work, group="operate", exclusive=True, exit_on_error=False)

    def action_record(self, name: str) -> None:
        """The journal, what changed, undo, and what else is opened rarely."""
        from ainur_tui.console.records import open_record

        self.lead(open_record(self, name))

    def action_playbook(self) -> None:
        """The playbook that goes on, or the one that fits what is wrong."""
        self.lead(self.desks.playbooks.proposed())

    def action_progress(self) -> None:
        """Open the newest action of the strip."""
        runs = self.store.current_runs(self.store.scene().now)
        if runs:
            self.desks.runs.watch(runs[0].id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A colon typed into a field is a colon, and a dialog is finished first."""
        if action == "palette":
            return len(self.screen_stack) == 1 and not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    async def action_palette(self) -> None:
        """Everything that can be done, by typing its name."""
        await self.desks.pages.palette()
