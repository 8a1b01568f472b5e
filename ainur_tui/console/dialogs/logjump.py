"""A list of places in the log: Enter goes there."""

from __future__ import annotations

from typing import ClassVar

from ainur_tui.console.dialogs.listing import Chosen, ListingDialog
from ainur_tui.console.widgets.table import TableView


class JumpDialog(ListingDialog):
    """Dismisses with the row to go to, or ``None``."""

    KEYS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("enter", "go there"), ("slash", "filter"), ("o", "sort"),
    )  # fmt: skip

    def on_table_view_opened(self, message: TableView.Opened) -> None:
        message.stop()
        self.dismiss(Chosen("enter", message.row))
