"""Leads through a recovery: from the candidates to the plan, or to the steps of total loss."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ainur_tui.console.dialogs.page import Build
from ainur_tui.console.dialogs.recovery import LossDialog, RecoveryDialog
from ainur_tui.console.draw import recovery as draw
from ainur_tui.console.draw.spans import Line
from ainur_tui.model.units import rfc3339

if TYPE_CHECKING:
    from ainur_tui.console.app import AinurApp


async def recover(app: AinurApp) -> None:
    """Show the candidates, then the plan of what is wanted of one."""
    await app.action_tab("Backups")  # its tables are what is shown
    begun = draw.since(app.store.scene(), time.time())
    while True:
        dialog = RecoveryDialog(app.store.scene, begun, app.glyphs)
        chosen = await app.push_screen_wait(dialog)
        if chosen is None:
            return
        name, known = chosen.key, {"id": chosen.row.params.get("id", "")}
        if name == "loss":
            page = LossDialog(_steps(app), app.glyphs)
            await app.push_screen_wait(page)
            if not page.wanted:
                continue
            name, known = "rebuild", {}
        spec = next((one for one in await app.feed.catalogue() if one.name == name), None)
        if spec is None:
            app.desks.operations.tell("Not offered", f"There is no action {name} here: it needs the"
                                " sections postgres, backup and fly.")  # fmt: skip
            return
        if name in {"recover", "rebuild"}:
            known["since"] = rfc3339(begun) or ""
        await app.desks.operations.operate((spec, "db"), known, decided=True)
        return


def _steps(app: AinurApp) -> Build:
    def build(columns: int) -> list[Line]:
        view = app.store.scene().view
        return draw.loss(view.table("recovery.loss") if view else None, columns)

    return build
