"""Alerts that another judge tells of (a Prometheus, an Alertmanager): kept while it is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from ainur_tui.model.alert import ACTIVE, Alert
from ainur_tui.model.alertcalls import RuleView
from ainur_tui.model.units import age
from ainur_tui.rules.alerts import SHOWN_RESOLVED

_Key = tuple[str, str, str]


@dataclass(frozen=True)
class Told:
    """What one judge told last, and the seconds since it was heard; ``failing``: it cannot be
    asked at present."""

    alerts: Sequence[Alert]
    rules: Sequence[RuleView]
    age: float
    failing: bool


class Foreign:
    """What a judge does not tell any more is over; what nobody can ask stays as it was (S-33)."""

    def __init__(self) -> None:
        self._known: dict[_Key, Alert] = {}

    def step(self, told: Mapping[str, Told], *, now: float) -> tuple[list[Alert], list[Alert]]:
        """All that is known now, and those that began to fire or ended. ``told`` is by origin."""
        turned: list[Alert] = []
        heard: dict[_Key, Alert] = {}
        for origin, one in told.items():
            if not one.failing:
                heard.update({_key(a): a for a in one.alerts if a.origin == origin})
        for key, alert in heard.items():
            before = self._known.get(key)
            self._known[key] = alert
            if alert.state == "firing" and (before is None or before.state != "firing"):
                turned.append(alert)
        for key, alert in list(self._known.items()):
            if key in heard or _unheard(told.get(alert.origin)):
                continue
            if alert.state in ACTIVE:
                over = replace(alert, state="resolved", since=now, fires_at=None)
                self._known[key] = over
                turned.append(over)
            elif alert.state != "resolved" or now - alert.since > SHOWN_RESOLVED:
                del self._known[key]
        return [self._shown(alert, told) for alert in self._known.values()], turned

    def known(self) -> list[Alert]:
        """What is stored for the next engine."""
        return list(self._known.values())

    def restore(self, alerts: Sequence[Alert]) -> None:
        """Go on from what an earlier engine knew."""
        self._known = {_key(alert): alert for alert in alerts}

    def _shown(self, alert: Alert, told: Mapping[str, Told]) -> Alert:
        judge = told.get(alert.origin)
        if alert.state == "resolved" or not _unheard(judge):
            return alert
        silent = f"for {age(judge.age)}" if judge else "yet"
        return replace(
            alert, summary=f"{alert.summary} ({alert.origin} was not heard {silent}; as it was)"
        )


def _key(alert: Alert) -> _Key:
    return alert.origin, alert.name, alert.target


def _unheard(told: Told | None) -> bool:
    return told is None or told.failing
