"""Severities from outside, by the environment's own table; its own response times."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ainur_tui.model.alert import Severity
from ainur_tui.model.severity import LEVELS, SEVERITY_OF, Level

UNKNOWN: Severity = "P3"
"""What a label nobody mapped counts as: neither calls people at night nor is forgotten."""


def severity_of(label: str, own: Mapping[str, Severity]) -> Severity:
    """The severity behind a label of a Prometheus or Alertmanager alert. The environment's table
    wins; a label that is one of ours already (P1 to P4) is taken at its word."""
    word = label.strip().lower()
    table: dict[str, Severity] = {**SEVERITY_OF, **{k.lower(): v for k, v in own.items()}}
    for name, level in LEVELS.items():
        table.setdefault(name.lower(), level.severity)
    return table.get(word, UNKNOWN)


def severity_of_labels(labels: Mapping[str, str], own: Mapping[str, Severity]) -> Severity:
    """The severity of an alert or rule by its labels. ``priority``, which ours have beside it, wins
    where it is P1 to P4: the label ``severity`` tells P1 and P2 from nobody."""
    told = (name for name in LEVELS if name == labels.get("priority"))
    return next(told, None) or severity_of(labels.get("severity", ""), own)


def levels(
    response: Mapping[Severity, float], update: Mapping[Severity, float]
) -> dict[Severity, Level]:
    """The P-list with the environment's own response times and cadences (seconds)."""
    return {
        name: replace(
            level,
            response=response.get(name, level.response),
            update=update.get(name, level.update),
            origin="user" if name in response else level.origin,
            update_origin="user" if name in update else level.update_origin,
        )
        for name, level in LEVELS.items()
    }
