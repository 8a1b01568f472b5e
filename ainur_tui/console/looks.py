"""Where the style sheet is, and the console's theme."""

from __future__ import annotations

from pathlib import Path

from textual.theme import Theme

THEME = Theme(
    name="ainur",
    dark=True,
    primary="#7aa2c4",
    secondary="#8a8f98",
    accent="#7aa2c4",
    foreground="#c9ccd1",
    background="#101216",
    surface="#16191f",
    panel="#1d2129",
    success="#7fb08a",
    warning="#e0af5c",
    error="#e8716f",
)


def stylesheet() -> Path:
    """``styles/ainur.tcss``: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "styles" / "ainur.tcss"
    return installed if installed.exists() else package.parent / "styles" / "ainur.tcss"
