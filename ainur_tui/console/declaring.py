"""Declaring an incident: three Enters when what fires tells it all."""

from __future__ import annotations

import uuid

from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.draw.alarm import undeclared
from ainur_tui.console.incidenttexts import Texts
from ainur_tui.console.panels.incidents import IncidentsPanel
from ainur_tui.model.action import Param
from ainur_tui.model.alert import ACTIVE, Alert
from ainur_tui.model.board import BoardView
from ainur_tui.model.incident import Incident
from ainur_tui.model.incidentcalls import OpenIncident
from ainur_tui.model.severity import LEVELS


class Declaring(Texts):
    """Asks what is wrong, and puts it on the record."""

    async def declare(self, target: str | None, *, pointed: bool) -> None:
        """Ask what is wrong, prefilled from what fires. ``pointed``: the person selected ``target``
        among what is wrong, so that it is about that."""
        view = self._app.store.view
        if view is None:
            self.tell("Not yet", "The engine has not told yet what it watches.")
            return
        alert, known = self._prefilled(view, target, pointed=pointed)
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

    def _prefilled(
        self, view: BoardView, target: str | None, *, pointed: bool
    ) -> tuple[Alert | None, dict[str, str]]:
        grave = undeclared(self._app.store.scene())
        here = [one for one in (*grave, *view.alerts) if one.target == target
                and one.state in ACTIVE]  # fmt: skip
        finding = next((one for one in view.findings if one.target == target), None)
        alert = min(here, key=lambda one: one.severity) if here and (pointed or grave) else None
        if alert is None and grave and not (pointed and finding):
            alert = grave[0]
        if alert is not None:
            return alert, {"severity": alert.severity, "target": alert.target,
                           "title": alert.summary}  # fmt: skip
        finding = finding or next(iter(view.findings), None)
        if finding is None:
            return None, {"severity": "P3", "target": target or "", "title": ""}
        return None, {"severity": finding.severity or "P3", "target": finding.target,
                      "title": f"{finding.target}: {finding.text}"}  # fmt: skip
