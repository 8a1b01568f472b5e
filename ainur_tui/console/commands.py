"""What the command palette offers besides actions: tabs, targets, spans, help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ainur_tui.console.dialogs.choose import Choice
from ainur_tui.console.panels.base import Panel
from ainur_tui.console.wishes import Wish
from ainur_tui.model.board import BoardView


@dataclass(frozen=True)
class Command:
    """Something the console itself does."""

    work: Callable[[], None]


Offer = Command | Wish


def commands(
    panels: Sequence[type[Panel]],
    view: BoardView | None,
    *,
    go: Callable[[str], None],
    open_target: Callable[[str], None],
    others: Sequence[tuple[str, str, Callable[[], None]]],
) -> list[Choice[Any]]:
    """The console's own commands as choices."""
    found: list[Choice[Any]] = [
        Choice(f"Go to {panel.title}", f"key {panel.key}", Command(_bound(go, panel.title)))
        for panel in panels
    ]
    for target in view.targets if view else []:
        found.append(
            Choice(f"Show {target.name}", f"{target.state}: {target.summary}",
                   Command(_bound(open_target, target.name)))
        )  # fmt: skip
    found += [Choice(label, about, Command(work)) for label, about, work in others]
    return found


def _bound(work: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: work(name)
