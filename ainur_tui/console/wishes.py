"""What can be wished for: every action on every target that offers it, as things to choose."""

from __future__ import annotations

from collections.abc import Sequence

from ainur_tui.console.dialogs.choose import Choice
from ainur_tui.model.action import ActionSpec, Lease
from ainur_tui.model.board import BoardView
from ainur_tui.model.target import kind_of, overlaps

Wish = tuple[ActionSpec, str]
"""An action and the target it is wanted on."""


def wishes(specs: list[ActionSpec], view: BoardView | None) -> list[Choice[Wish]]:
    """Every action on every target that offers it, as things to choose."""
    targets = [target.name for target in view.targets] if view else []
    leases = view.leases if view else []
    return [
        _wish(spec, target, kind_of(target), leases)
        for spec in specs
        for target in targets
        if kind_of(target) in spec.targets
    ]


def _wish(spec: ActionSpec, target: str, kind: str, leases: Sequence[Lease]) -> Choice[Wish]:
    about = f"{spec.risks.get(kind, spec.risk)}  {spec.about.get(kind, spec.summary)}"
    if held := next((one for one in leases if overlaps(one.target, target)), None):
        about = f"{held.holder} is at work there: {held.reason}   {about}"
    reason = None if spec.available else spec.reason or "not available"
    return Choice(f"{spec.name.capitalize()} {target}", about, (spec, target), reason)


def strangeness(choice: Choice[Wish], params: dict[str, str]) -> int:
    """How little an action has to do with a row's parameters: what can only be about this row
    comes first, what cannot be about it last."""
    known = [param for param in choice.value[0].params if param.name in params]
    if any(param.choices and params[param.name] not in param.choices for param in known):
        return 3
    return 2 if not known else 0 if any(param.choices for param in known) else 1
