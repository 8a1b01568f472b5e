"""What an operator does about an incident: declare it, tell it, hand it over, write it up."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ainur_tui.console.declaring import Declaring
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.choose import Choice, ChooseDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.draw.incidents import meanings
from ainur_tui.console.panels.incidents import IncidentsPanel, Wish
from ainur_tui.model.action import Param
from ainur_tui.model.incident import (
    ROLES,
    SECTIONS,
    STATUSES,
    Closed,
    Edited,
    Incident,
    ItemAdded,
    ItemDone,
    Noted,
    Role,
    RoleAccepted,
    RoleGiven,
    SeveritySet,
    Status,
    StatusSet,
)
from ainur_tui.model.incidentcalls import IncidentQuery, IncidentsQuery, KeepEvidence
from ainur_tui.model.slo import Slo

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp

_ABOUT_STATUS = {
    "investigating": "what is it?", "identified": "the cause is known: it is asked for next",
    "fixing": "the fix is being made", "resolved": "users are served again: what was done?",
}  # fmt: skip


SLOS_EVERY = 60.0
"""Seconds between looks at a month of history."""


class IncidentDesk(Declaring):
    """Leads one wish at a time through its dialogs."""

    def __init__(self, app: AinurApp) -> None:
        super().__init__(app)
        self._slos: list[Slo] = []
        self._slos_at = float("-inf")
        self._wishes = {
            "note": self._note, "status": self._status, "severity": self._severity,
            "roles": self._roles, "item": self._item, "edit": self._edit, "draft": self.draft,
            "postmortem": self.postmortem, "capsule": self.capsule, "close": self._close,
        }  # fmt: skip

    async def refresh(self, panel: IncidentsPanel) -> None:
        """Fetch what the panel shows."""
        found = await self._app.feed.ask("incidents", IncidentsQuery())
        if found is None:
            return
        ids = {one.id for one in found}
        wanted = panel.chosen if panel.chosen in ids else (found[0].id if found else "")
        file = (
            await self._app.feed.ask("incident.show", IncidentQuery(id=wanted)) if found else None
        )
        if time.monotonic() - self._slos_at > SLOS_EVERY:
            self._slos_at = time.monotonic()
            self._slos = await self._app.feed.ask("slo", None) or []
        panel.fill(found, file, self._slos)
        self._app.redraw()

    async def run(self, wish: Wish, panel: IncidentsPanel) -> None:
        """What a key of the panel wants."""
        if panel.file is None:
            self.tell("No incident", "There is no incident yet. I declares one.")
            return
        if panel.chosen not in {"", panel.file.incident.id}:  # chosen a moment ago
            await self.refresh(panel)
        await self._wishes[wish](panel.file.incident)

    async def keep(self, one: Incident, data: bytes, about: str) -> None:
        """Put frozen log records on the record of an incident."""
        call = KeepEvidence(id=one.id, data=data.decode(), about=f"log selection: {about}")
        kept = await self.ask(lambda: self._app.session.call("incident.keep", call), changes=True)
        if kept is not None:
            self.tell("Evidence", f"{about} are on the timeline of {one.id}, with their hash.")

    async def _note(self, one: Incident) -> None:
        about = "It stands in the timeline, with your name and the time."
        await self._words(one, f"Note in {one.id}", about,
                          lambda text: Noted(text=text))  # fmt: skip

    async def _status(self, one: Incident) -> None:
        place = STATUSES.index(one.status) + 1  # what comes next stands first
        choices: list[Choice[Status | StatusSet]] = [
            Choice(status.upper(), _ABOUT_STATUS[status], status,
                   "it is that now" if status == one.status else None)
            for status in STATUSES[place:] + STATUSES[:place]
        ]  # fmt: skip
        if (seen := one.unsaid) is not None:  # what was seen stands first, in words of its own
            text = "; ".join(one.done)
            seen_so = text or f"{seen.why}; nothing done here was verified"
            head = "RESOLVED, and this was done:" if text else "RESOLVED, by itself or other hands:"
            known = StatusSet(status="resolved", text=text)
            choices.insert(0, Choice(head, seen_so, known))
        status = await self.show(ChooseDialog(f"Status of {one.id}", choices, self._app.glyphs))
        if status is None:
            return
        if isinstance(status, StatusSet):
            await self.put(one, status)
            return
        about = {"identified": "What is the root cause?", "resolved": "What was done?"}
        await self._words(
            one, f"{one.id}: {one.status.upper()} → {status.upper()}",
            about.get(status, "A word about it, if you like."),
            lambda text: StatusSet(status=status, text=text), needed=False,
        )  # fmt: skip

    async def _severity(self, one: Incident) -> None:
        choices = [
            Choice(name, about, name, "it is that now" if name == one.severity else None)
            for name, about in meanings()
        ]
        chosen = await self.show(ChooseDialog(f"Severity of {one.id}", choices, self._app.glyphs))
        if chosen is not None:
            await self._words(one, f"{one.id}: {one.severity} → {chosen}", "Why?",
                              lambda text: SeveritySet(severity=chosen, reason=text))  # fmt: skip

    async def _roles(self, one: Incident) -> None:
        me = self._app.store.scene().operator
        asked = [held for held in one.roles if held.who == me and held.accepted_at is None]
        choices: list[Choice[tuple[str, Role]]] = [
            Choice(f"Accept: {ROLES[held.role]}", f"{held.before or 'somebody'} asked you",
                   ("accept", held.role)) for held in asked
        ]  # fmt: skip
        choices += [
            Choice(name, f"now: {one.holder(role) or 'nobody'}", ("give", role))
            for role, name in ROLES.items()
        ]
        chosen = await self.show(ChooseDialog(f"Roles in {one.id}", choices, self._app.glyphs))
        if chosen is None:
            return
        verb, role = chosen
        if verb == "accept":
            await self.put(one, RoleAccepted(role=role, who=me))
            return
        params = [Param(name="who", type="str", help="another one has to accept it",
                        required=True)]  # fmt: skip
        if role == "expert":
            params.append(Param(name="domain", type="str", help="database, blockchain …"))
        dialog = AskDialog(
            ROLES[role], params, {"who": me}, self._app.glyphs, go="then it is asked"
        )
        asked_for = await self.show(dialog)
        if asked_for is not None:
            domain = asked_for.get("domain", "")
            await self.put(one, RoleGiven(role=role, who=asked_for["who"], domain=domain))

    async def _item(self, one: Incident) -> None:
        choices = [Choice("New item…", "something to do afterwards", "")]
        choices += [Choice(f"Done: {item.text}", item.owner or "no owner", item.id)
                    for item in one.items if item.done_at is None]  # fmt: skip
        chosen = await self.show(ChooseDialog(f"Items of {one.id}", choices, self._app.glyphs))
        if chosen is None:
            return
        if chosen:
            await self.put(one, ItemDone(id=chosen))
            return
        params = [
            Param(name="what", type="str", help="a thing to do, not a wish", required=True),
            Param(name="owner", type="str", help="who sees to it", required=True),
            Param(name="due", type="str", help="by which day: 2026-12-01"),
        ]
        known: dict[str, str] = {"owner": self._app.store.scene().operator}
        trouble = ""
        while True:
            dialog = AskDialog("New item", params, known, self._app.glyphs, trouble,
                               go="then it is kept")  # fmt: skip
            asked: dict[str, str] | None = await self.show(dialog)
            if asked is None:
                return
            try:
                due = day(asked["due"]) if asked.get("due") else None
            except ValueError:
                known, trouble = asked, f"{asked['due']} is no day like 2026-12-01"
                continue
            await self.put(one, ItemAdded(id=uuid.uuid4().hex[:4], text=asked["what"],
                                          owner=asked["owner"], due=due))  # fmt: skip
            return

    async def _edit(self, one: Incident) -> None:
        known: dict[str, str] = {"title": one.title, "services": ", ".join(one.services)}
        known |= dict(one.texts.items())
        choices = [Choice(section.capitalize(), known.get(section) or f"({about})", section)
                   for section, about in SECTIONS.items()]  # fmt: skip
        section = await self.show(ChooseDialog("Edit what?", choices, self._app.glyphs))
        if section is not None:
            await self._words(one, section.capitalize(), SECTIONS[section],
                              lambda text: Edited(section=section, text=text),
                              value=known.get(section, ""))  # fmt: skip

    async def _close(self, one: Incident) -> None:
        await self._words(one, f"Close {one.id}", "It leaves the header of every console; its items"
                          " and texts can still be changed. A last word, if you like.",
                          lambda text: Closed(text=text), needed=False)  # fmt: skip

    async def _words(
        self, one: Incident, title: str, about: str, make: Any, *, needed: bool = True,
        value: str = "",
    ) -> None:  # fmt: skip
        dialog = TextDialog(title, about, self._app.glyphs, go="keep it", needed=needed,
                            value=value)  # fmt: skip
        text: str | None = await self.show(dialog)
        if text is not None:
            await self.put(one, make(text))


def day(text: str) -> float:
    """The first second of a day in UTC. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
