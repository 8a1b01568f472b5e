"""Declaring an incident: three Enters when what fires tells it all."""

from __future__ import annotations

import uuid

from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.draw.incidents import undeclared
from ainur_tui.console.incidenttexts import Texts
from ainur_tui.console.panels.incidents import IncidentsPanel
from ainur_tui.model.action import Param
from ainur_tui.model.incident import Incident
from ainur_tui.model.incidentcalls import OpenIncident
from ainur_tui.model.severity import LEVELS


class Declaring(Texts):
    """Asks what is wrong, and puts it on the record."""

    async def declare(self, target: str | None) -> None:
        """Ask what is wrong, prefilled from what is selected or fires."""
        view = self._app.store.view
        if view is None:
            self.tell("Not yet", "The engine has not told yet what it watches.")
            return
        alerts = undeclared(self._app.store.scene())
        alert = next((a for a in alerts if a.target == target), alerts[0] if alerts else None)
        findings = [f for f in view.findings if f.target == target] or view.findings
        known = {"severity": "P3", "target": target or "", "title": ""}
        if alert is not None:
            known = {"severity": alert.severity, "target": alert.target, "title": alert.summary}
        elif findings:
            first = findings[0]
            known = {"severity": first.severity or "P3", "target": first.target,
                     "title": f"{first.target}: {first.text}"}  # fmt: skip
        words = (
            "P1 unavailable, data loss, breach · P2 degraded, partly lost · P3 minor · P4 cosmetic"
        )
        params = [
            Param(name="severity", type="str", help=words, required=True, choices=list(LEVELS)),
            Param(name="target", type="str", help="which service it is about", required=True,
                  choices=[one.name for one in view.targets]),
            Param(name="title", type="str", help="what is wrong, in a few words", required=True),
        ]  # fmt: skip
        dialog = AskDialog("Declare an incident", params, known, self._app.glyphs,
                           go="then it is declared")  # fmt: skip
        asked: dict[str, str] | None = await self.show(dialog)
        if asked is None:
            return
        severity = next(one for one in LEVELS if one == asked["severity"])
        same = alert is not None and alert.target == asked["target"]
        call = OpenIncident(
            key=uuid.uuid4().hex, target=asked["target"], title=asked["title"],
            severity=severity, alert=alert.name if alert and same else None,
        )  # fmt: skip
        made: Incident | None = await self.ask(
            lambda: self._app.session.call("incident.open", call), changes=True
        )
        if made is not None:
            self._app.go(IncidentsPanel.title)
