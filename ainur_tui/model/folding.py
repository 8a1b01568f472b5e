"""Many alerts, few causes: which line stands for which others (one hop an edge)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ainur_tui.model.alert import ACTIVE, Alert, AlertState, Severity
from ainur_tui.model.target import whole_of

RANK: dict[AlertState, int] = {
    "firing": 0, "recovering": 0, "pending": 1, "no data": 2, "blind": 3, "resolved": 4,
    "inactive": 5,
}  # fmt: skip


@dataclass
class Fold:
    """A line and the alerts that are told by it."""

    root: Alert
    under: list[Alert] = field(default_factory=list)

    @property
    def worst(self) -> Severity:
        """The worst severity of any in it that fires, else of the line itself."""
        active = [one.severity for one in self.under if one.state in ACTIVE]
        return min([self.root.severity, *active])

    @property
    def calls(self) -> bool:
        """Whether somebody is to be called for it: its line fires and nobody has it in hand. Where
        the line is silenced, a symptom that is not still calls."""
        if self.root.state not in ACTIVE or self.root.ack is not None:
            return False
        return any(not one.quiet for one in (self.root, *self.under) if one.state in ACTIVE)


def fold(alerts: Sequence[Alert]) -> list[Fold]:
    """Alerts under the line that explains them: a symptom under an alert of its cause's target,
    whatever else is wrong with a target under its being down, a milder threshold under the harder
    one of the same signal, a part under its whole, and one rule on many parts under the first.
    Worst first; nothing is lost, and nothing that fires is told by a line that does not."""
    ranked = sorted(alerts, key=lambda a: (RANK[a.state], a.severity, a.since, a.target, a.name))
    folds: list[Fold] = []
    lead: dict[tuple[int, str], Fold] = {}
    for one in ranked:
        if one.caused_by is None:
            home = _home(one, lead)
            if home is not None:
                home.under.append(one)
                continue
            _begin(one, folds, lead)
    for one in ranked:
        if one.caused_by is not None:
            rank = RANK[one.state]
            home = lead.get((rank, one.caused_by)) or lead.get((0, one.caused_by))
            home = home or lead.get((rank, f"because {one.caused_by}"))
            if home is not None:
                home.under.append(one)
            else:
                lead[rank, f"because {one.caused_by}"] = _begin(one, folds, {})
    return sorted(folds, key=lambda f: (RANK[f.root.state], f.worst, f.root.since, f.root.target))


def _begin(one: Alert, folds: list[Fold], lead: dict[tuple[int, str], Fold]) -> Fold:
    made = Fold(one)
    folds.append(made)
    rank, whole = RANK[one.state], whole_of(one.target)
    lead.setdefault((rank, one.target), made)
    if one.signal:
        lead.setdefault((rank, f"{one.target} {one.signal} {one.op}"), made)
    if one.signal.endswith(".up"):
        lead.setdefault((rank, f"{one.target} is down"), made)
    if whole != one.target:
        lead.setdefault((rank, f"{one.name} {whole}"), made)
    return made


def _home(one: Alert, lead: dict[tuple[int, str], Fold]) -> Fold | None:
    rank, whole = RANK[one.state], whole_of(one.target)
    keys = [f"{one.target} is down"]
    if one.signal:
        keys.append(f"{one.target} {one.signal} {one.op}")
    if whole != one.target:
        keys += [f"{one.name} {whole}", whole]
    # What only might be, or is not heard of, may stand behind what fires; never the other way.
    for where in (rank, 0) if 0 < rank < RANK["resolved"] else (rank,):
        for key in keys:
            if found := lead.get((where, key)):
                return found
    return None


def calling(alerts: Sequence[Alert]) -> list[Fold]:
    """The folds somebody is to be called for: what the header counts."""
    return [one for one in fold(alerts) if one.calls]
