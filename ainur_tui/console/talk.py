"""How a wish is talked over: questions to the engine and to the person, and words for both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.screen import Screen

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.console.dialogs.confirm import Guard
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw.spans import EMPTY, Line, Tone, line, wrap
from ainur_tui.model.failure import USAGE

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp

T = TypeVar("T")


class Talk:
    """Every failure becomes a page of words."""

    def __init__(self, app: AinurApp) -> None:
        self._app = app

    async def reason(
        self, title: str, about: str, go: str, *, tone: Tone = "text", needed: bool = True
    ) -> str | None:
        """A reason typed by the person; ``None`` when they went back."""
        dialog = TextDialog(title, about, self._app.glyphs, go=go, tone=tone, needed=needed)
        answer: str | None = await self.show(dialog)
        return answer

    def tell(self, title: str, text: str) -> None:
        """A page of words."""
        self._app.push_screen(self.page(title, text))

    def page(self, title: str, text: str) -> PageDialog:
        """A page of words, to be shown."""

        def build(columns: int) -> list[Line]:
            return [*(line((part, "text")) for part in wrap(text, columns, 12)), EMPTY]

        return PageDialog(title, build, self._app.glyphs, guard=Guard())

    async def ask(
        self, call: Callable[[], Awaitable[T]], *, changes: bool = False, saying: str = "",
        form: bool = False,
    ) -> T | None:  # fmt: skip
        """The engine's answer; ``None`` after telling why there is none. ``changes``: it is not
        only a question, so that without an answer nobody knows what became of it. ``saying`` is
        shown while it is waited for. ``form``: what was typed can be mended, so that a CallError
        about it is raised."""
        try:
            return await self.waiting(call(), saying)
        except CallError as error:
            if form and error.code == USAGE:
                raise
            self.tell("Not done", error.message)
        except Disconnected as error:
            if changes:
                self.lost(error)
            else:
                self.tell("No answer", f"Nothing was done: {error}. The console goes on asking for "
                          "an engine by itself; try again in a moment.")  # fmt: skip
        return None

    async def waiting(self, answer: Awaitable[T], saying: str) -> T:
        """The answer; meanwhile every screen says what is waited for."""
        self._app.store.asking = saying
        self._app.redraw()
        try:
            return await answer
        finally:
            self._app.store.asking = ""
            self._app.redraw()

    def lost(self, error: Disconnected) -> None:
        """The engine went away in the middle of a decision."""
        self.tell("Not known", f"It is not known whether this was begun: {error}. The next engine "
                  "tells: what was begun is in the line above the keys and in the journal (key J); "
                  "look there before doing it again.")  # fmt: skip

    async def show(self, screen: Screen[Any]) -> Any:
        """What a dialog was dismissed with."""
        return await self._app.push_screen_wait(screen)
