"""Alerts that another judge tells of (a Prometheus, an Alertmanager): kept while it is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from ainur_tui.model.alert import ACTIVE, Alert, Silence
from ainur_tui.model.alertcalls import RuleView
from ainur_tui.model.units import age
from ainur_tui.rules.alerts import SHOWN_RESOLVED

_Key = tuple[str, str, str]


@dataclass(frozen=True)
class Told:
    """What one judge told last, and the seconds since it was heard; ``failing``: it cannot be
    asked at present. ``muted`` are alerts of ours that it has silenced, ``silences`` its own."""

    alerts: Sequence[Alert]
    rules: Sequence[RuleView]
    age: float
    failing: bool
    muted: Mapping[tuple[str, str], Silence] = field(default_factory=dict)
    silences: Sequence[Silence] = ()


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
        kept = self._once(told)
        turned = [alert for alert in turned if _key(alert) in kept]
        return [self._shown(alert, told) for alert in kept.values()], turned

    def _once(self, told: Mapping[str, Told]) -> dict[_Key, Alert]:
        """What a Prometheus and its Alertmanager both tell of, once: as the one tells it that can
        be asked and has the rule, with the silence the other knows of."""
        kept: dict[tuple[str, str], Alert] = {}
        ranked = sorted(self._known.values(), key=lambda a: _rank(told.get(a.origin)))
        for alert in ranked:
            own = "" if alert.target == alert.origin else alert.target
            first = kept.setdefault((alert.name, own), alert)
            if first is not alert and alert.silence is not None and alert.state in ACTIVE:
                kept[alert.name, own] = replace(first, silence=first.silence or alert.silence)
        return {_key(alert): alert for alert in kept.values()}

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


def silenced(alerts: Sequence[Alert], told: Mapping[str, Told], now: float) -> list[Alert]:
    """Our alerts with what another judge silenced of them."""
    muted = {
        key: mute for one in told.values() for key, mute in one.muted.items() if mute.until > now
    }
    if not muted:
        return list(alerts)
    return [replace(a, silence=a.silence or muted.get((a.name, a.target))) for a in alerts]


def _rank(told: Told | None) -> tuple[bool, bool]:
    return _unheard(told), not (told and told.rules)


def _unheard(told: Told | None) -> bool:
    return told is None or told.failing
