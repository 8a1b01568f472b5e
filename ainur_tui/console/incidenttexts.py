"""The texts of an incident: its next message, its post-mortem, its archive."""

from __future__ import annotations

import uuid
from pathlib import Path

from ainur_tui.console.dialogs.incidentdraft import Decided, DraftDialog, How
from ainur_tui.console.dialogs.listing import save
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.talk import Talk
from ainur_tui.model.incident import Change, Incident, Published, UpdateSent
from ainur_tui.model.incidentcalls import (
    Capsule,
    ChangeIncident,
    Drafts,
    IncidentQuery,
    KeepEvidence,
    SendUpdate,
)
from ainur_tui.model.units import size

_MESSAGE: dict[str, tuple[How, str]] = {
    "y": ("copy", "copy"), "w": ("file", "to a file"), "s": ("send", "send"),
}  # fmt: skip
_SHEET: dict[str, tuple[How, str]] = {"y": ("copy", "copy"), "w": ("file", "to a file")}
_DOCUMENT: dict[str, tuple[How, str]] = {
    "y": ("copy", "copy"), "w": ("file", "to a file"), "p": ("publish", "it is published"),
}  # fmt: skip


class Texts(Talk):
    """A text leaves by the clipboard, a file or the engine's notifiers; that it left is kept."""

    async def draft(self, one: Incident) -> None:
        """The next message: what was sent last, with what happened since."""
        drafts = await self._drafts(one)
        if drafts is None:
            return
        word = "Resolution" if one.resolved_at is not None else f"Message {one.updates + 1}"
        decided = await self._decide(f"{word} of {one.id}", drafts.message, _MESSAGE)
        if decided is None:
            return
        if decided.how == "send":
            call = SendUpdate(id=one.id, text=decided.text)
            await self.ask(lambda: self._app.session.call("incident.send", call), changes=True)
            return
        via = await self._leave(decided, f"ainur-incident-{one.id}-{one.updates + 1}.txt")
        if via:
            await self.put(one, UpdateSent(text=decided.text, via=[via]))

    async def postmortem(self, one: Incident) -> None:
        """The document as the record writes it; what a person changes is kept with it."""
        drafts = await self._drafts(one)
        if drafts is None:
            return
        decided = await self._decide(f"Post-mortem of {one.id}", drafts.postmortem, _DOCUMENT)
        if decided is None:
            return
        if decided.text != drafts.postmortem:
            call = KeepEvidence(id=one.id, data=decided.text, about="the post-mortem as edited",
                                name="postmortem.md")  # fmt: skip
            await self.ask(lambda: self._app.session.call("incident.keep", call), changes=True)
        if decided.how == "publish":
            await self.put(one, Published())
        else:
            await self._leave(decided, f"ainur-postmortem-{one.id}.md")

    async def hand_over(self, text: str, name: str) -> None:
        """The sheet for the next shift; ``name`` is proposed for its file."""
        decided = await self._decide("Hand-over sheet", text, _SHEET)
        if decided is not None:
            await self._leave(decided, name)

    async def capsule(self, one: Incident) -> None:
        """One archive of all there is; the engine writes it."""
        made: Capsule | None = await self.ask(
            lambda: self._app.session.call("incident.capsule", IncidentQuery(id=one.id)),
            saying="packing the evidence", changes=True,
        )  # fmt: skip
        if made is not None:
            about = f"{size(made.size)}, {len(made.files)} files, secrets masked"
            self.tell("Evidence capsule", f"{made.path} ({about}). SHA-256 {made.sha256}")

    async def _drafts(self, one: Incident) -> Drafts | None:
        found: Drafts | None = await self.ask(
            lambda: self._app.session.call("incident.draft", IncidentQuery(id=one.id)),
            saying="reading the record",
        )
        return found

    async def _decide(
        self, title: str, text: str, keys: dict[str, tuple[How, str]]
    ) -> Decided | None:
        decided: Decided | None = await self.show(DraftDialog(title, text, self._app.glyphs, keys))
        return decided

    async def _leave(self, decided: Decided, name: str) -> str:
        """Copy it or write it; how it left, empty when it did not."""
        app = self._app
        if decided.how == "copy":
            app.copy_to_clipboard(decided.text)
            self.tell("Copied", "The terminal was asked to take it into the clipboard (OSC 52). If"
                      " nothing is pasted then, it cannot do that: w writes a file.")  # fmt: skip
            return "copied"
        about = "The file is new and only you can read it."
        dialog = TextDialog("Write to which file?", about, app.glyphs, value=name, go="write")
        path: str | None = await self.show(dialog)
        if not path:
            return ""
        words = _write(path, decided.text)
        self.tell("Text", words)
        return "" if words.startswith("not") else f"file {Path(path).name}"

    async def put(self, one: Incident, what: Change) -> None:
        """Add it to the record."""
        call = ChangeIncident(id=one.id, key=uuid.uuid4().hex, what=what)
        await self.ask(lambda: self._app.session.call("incident.change", call), changes=True)


def _write(path: str, text: str) -> str:
    return save(Path(path).expanduser(), text.encode())
