"""Editing who needs whom: the editor, the call that saves it, and words for what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ainur_tui.client.errors import CallError, Disconnected
from ainur_tui.console.dialogs.needs import NeedsDialog
from ainur_tui.model.needs import difference
from ainur_tui.model.needscalls import NeedsCall, NeedsView

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp


async def edit_needs(app: AinurApp) -> None:
    """Let the operator edit the graph, and save it; a draft that is refused stays in the editor,
    with the reason."""
    talk = app.desks.operations
    draft: dict[str, list[str]] | None = None
    words = ""
    while True:
        told: NeedsView | None = await talk.ask(lambda: app.session.call("needs"))
        if told is None:
            return
        dialog = NeedsDialog(
            told, app.glyphs, read_only=app.store.read_only, draft=draft, words=words
        )
        call: NeedsCall | None = await talk.show(dialog)
        if call is None:
            return
        try:
            saved: NeedsView = await app.session.call("needs.set", call)
        except CallError as error:
            draft, words = call.needs, error.message
            continue
        except Disconnected as error:
            talk.lost(error)
            return
        changed = ". ".join(difference(told.needs, saved.needs)) or "Nothing had changed"
        talk.tell("Saved", f"{changed}. It holds at once and for every operator: what explains a "
                  "trouble, who is affected by a plan, and the order of shutting down and "
                  "starting follow it.")  # fmt: skip
        return
