"""Backups: how much would be lost, how long a restore takes, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from ainur_tui.console.panels.target import TargetPanel


class BackupsPanel(TargetPanel):
    """The newest complete backup, the newest that was restored and counted, and all of them."""

    title = "Backups"
    key = "8"
    targets = ("db",)
    signals = (
        ("loss now", "db", "backup.age"),
        ("restored", "db", "backup.verified.age"),
        ("restore in", "db", "backup.restore.seconds"),
        ("of last size", "db", "backup.size.change"),
    )
    charts = (("db", "backup.age"), ("db", "backup.restore.seconds"))
    tables = ("backups", "recovery", "recovery.times", "recovery.loss")
    words: ClassVar[Mapping[str, str]] = {
        "recovery": "recover from", "recovery.times": "times", "recovery.loss": "total loss"
    }  # fmt: skip

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "app.act('backup')", "Back up…", id="backups.back-up",
                tooltip="back the database up: the plan comes first"),
        Binding("R", "app.record('recover')", "Recover…", id="backups.recover",
                tooltip="recover the database: candidates, the clock, then the plan"),
    ]  # fmt: skip
