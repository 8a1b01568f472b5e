"""Alerts of Prometheus and Alertmanager as ours: their labels, severities and moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from ainur_tui.model.alert import Alert, AlertState, Severity
from ainur_tui.model.target import Kind, kind_of
from ainur_tui.model.text import clean
from ainur_tui.rules.severity import severity_of_labels

OURS = "ainur-tui"
"""The label ``source`` of alerts that we sent ourselves: they are not told to us as news."""
_PLAIN = frozenset(
    {"alertname", "severity", "target", "job", "source", "environment", "cluster", "prometheus",
     "monitor", "replica", "team", "summary"}
)  # fmt: skip
_KINDS = frozenset(get_args(Kind))


@dataclass(frozen=True)
class Told:
    """One alert as another judge tells it; texts are not clean yet."""

    labels: Mapping[str, Any]
    annotations: Mapping[str, Any]
    state: AlertState
    since: float
    value: float | None = None
    fires_at: float | None = None


def texts(found: Any) -> dict[str, str]:
    """Labels or annotations as clean text."""
    if not isinstance(found, Mapping):
        return {}
    return {clean(key, 80): clean(value, 400) for key, value in found.items()}


def alert_of(told: Told, origin: str, table: Mapping[str, Severity]) -> Alert | None:
    """The alert, or ``None`` where it has no name. It is about the target its label ``target``
    names, else about its judge; labels that tell it from others of its name stand behind it."""
    labels, annotations = texts(told.labels), texts(told.annotations)
    name = labels.get("alertname", "")
    if not name:
        return None
    apart = [f"{key}={value}" for key, value in sorted(labels.items()) if key not in _PLAIN]
    target = labels.get("target", "")
    summary = annotations.get("summary") or annotations.get("description") or name
    return Alert(
        name=clean(" ".join([name, *apart]), 100),
        target=target if kind_of(target) in _KINDS else origin,
        state=told.state,
        severity=severity_of_labels(labels, table),
        since=told.since,
        summary=clean(summary, 300),
        value=told.value,
        fires_at=told.fires_at,
        origin=origin,
    )


def moment(text: Any) -> float | None:
    """Epoch seconds of an RFC 3339 text; ``None`` for what is none, or is Go's zero."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if at > 0 else None
