"""The catalogue of actions: which one an operator means, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec
from ainur_tui.model.board import BoardView
from ainur_tui.model.failure import UNAVAILABLE, USAGE, Refused
from ainur_tui.model.target import kind_of
from ainur_tui.model.text import clean, meant
from ainur_tui.systems.acting import Action

_FEW = 8
"""Names that are told where none is near."""


class Catalogue:
    """Every action of every connected system. Several may share a name for different kinds."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._actions = tuple(actions)

    def specs(self) -> list[ActionSpec]:
        """One entry a name: all its kinds, the highest of the risks, available if any is."""
        merged: dict[str, ActionSpec] = {}
        for action in self._actions:
            reason = action.unavailable()
            kinds, one = action.spec.targets, action.spec
            spec = replace(
                one, available=reason is None, reason=reason,
                about=dict.fromkeys(kinds, one.summary), risks=dict.fromkeys(kinds, one.risk),
                takes={kind: [param.name for param in one.params] for kind in kinds},
            )  # fmt: skip
            known = merged.get(spec.name)
            merged[spec.name] = spec if known is None else _merge(known, spec)
        return sorted(merged.values(), key=lambda spec: spec.name)

    def pick(self, name: str, target: str) -> Action | None:
        """The action of that name for that target's kind."""
        kind = kind_of(target)
        return next(
            (a for a in self._actions if a.spec.name == name and kind in a.spec.targets), None
        )

    def find(self, name: str, target: str, board: BoardView) -> Action:
        """The same, or Refused (64, 69) saying what was meant instead, or why not now."""
        specs = {spec.name: spec for spec in self.specs()}
        if name not in specs:
            raise Refused(f"there is no action {clean(name)!r}{meant(name, specs, _FEW)}", USAGE)
        known = {found.name for found in board.targets}
        kinds = {kind_of(found) for found in known}
        kind = kind_of(target)
        # A part of a target is discovered by reading; before that only its kind can be judged.
        if target not in known and (kind in kinds or kind not in specs[name].targets):
            fitting = [found for found in known if kind_of(found) in specs[name].targets]
            raise Refused(
                f"there is no target {clean(target)!r}{meant(target, sorted(fitting), _FEW)}", USAGE
            )
        action = self.pick(name, target)
        if action is None:
            fits = ", ".join(specs[name].targets)
            raise Refused(f"{name} does not apply to {target}; it applies to {fits}", USAGE)
        if reason := action.unavailable():
            raise Refused(reason, UNAVAILABLE)
        return action


def _merge(one: ActionSpec, other: ActionSpec) -> ActionSpec:
    params = {param.name: param for param in (*one.params, *other.params)}
    available = one.available or other.available
    return replace(
        one,
        targets=list(dict.fromkeys([*one.targets, *other.targets])),
        risk=max(one.risk, other.risk),
        # A parameter only one of them needs must not be demanded of the other.
        params=[
            param
            if param in one.params and param in other.params
            else replace(param, required=False)
            for param in params.values()
        ],
        inverse=one.inverse or other.inverse,
        about=one.about | other.about,
        risks=one.risks | other.risks,
        takes=one.takes | other.takes,
        available=available,
        reason=None if available else one.reason,
    )
