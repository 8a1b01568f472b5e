"""``/health/detailed`` as the rows of a tree: each service, its checks below it, the objectives.
Pure; what is not known to us is shown as it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ainur_tui.model.secret import Redactor
from ainur_tui.model.table import Column, Row, Tone
from ainur_tui.model.text import clean
from ainur_tui.systems.answers import leaves, number, pick, text
from ainur_tui.systems.api.client import HEALTHY
from ainur_tui.systems.fly.machines import parse_time

COLUMNS = [
    Column(name="service", title="Service", limit=30),
    Column(name="status", title="Status", rank=1, limit=14),
    Column(name="response", title="Answer", unit="s", rank=2),
    Column(name="checked", title="Checked", unit="age", rank=4),
    Column(name="message", title="Message", rank=3, limit=100),
]
DEEPEST = 4
_GROUPS = frozenset({"checks", "components", "dependencies", "details", "services"})
"""Names under which a service lists its parts; they are no parts themselves."""
_OBJECTIVES = (
    ("uptime", "uptime_slo_status", "current_uptime_percent", "uptime_target_percent", "%"),
    ("latency", "latency_slo_status", "current_latency_ms", "latency_target_ms", "ms"),
    ("errors", "error_slo_status", "current_error_rate_percent", "error_rate_target_percent", "%"),
)


def tree(found: Mapping[str, Any], redact: Redactor) -> Iterator[Row]:
    """Rows from the top down."""
    services = pick(found, "services")
    for name, service in services.items() if isinstance(services, Mapping) else ():
        yield from _node(str(name), service, redact, 0, "")
    yield from _objectives(pick(found, "slo"))


def _node(name: str, found: Any, redact: Redactor, depth: int, above: str) -> Iterator[Row]:
    label = clean(name, 60)
    key = f"{above}/{label}" if above else label
    plain = not isinstance(found, Mapping)
    said = _word(found) if plain else text(found, "status", 40)
    status = said or "unknown"
    took = None if plain else number(found, "response_time_ms").value
    message = (
        "" if plain else redact(text(found, "message", 300) or text(found, "error", 300) or "")
    )
    checked = None if plain else parse_time(found.get("last_check"))
    tone: Tone = "ok" if status.lower() in HEALTHY else "warn" if said is None else "fail"
    yield Row(
        key=key,
        cells=[label, status, None if took is None else took / 1000, checked, message],
        tone=tone,
        depth=depth,
        detail={clean(path, 60): redact(clean(value, 300)) for path, value in leaves(found)},
    )
    if plain or depth >= DEEPEST:
        return
    for part, value in _parts(found):
        yield from _node(part, value, redact, depth + 1, key)


def _parts(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What belongs to a service: nested objects, and whatever stands in its list of checks."""
    for name, value in found.items():
        if name in _GROUPS and isinstance(value, Mapping):
            yield from ((str(part), one) for part, one in value.items())
        elif name in _GROUPS and isinstance(value, list):
            for place, one in enumerate(value, 1):
                yield text(one, "name", 60) or f"{name} {place}", one
        elif isinstance(value, Mapping) and "status" in value:
            yield str(name), value


def _word(found: Any) -> str | None:
    if isinstance(found, bool):
        return "healthy" if found else "unhealthy"
    return clean(found, 40) if isinstance(found, str) else None


def _objectives(slo: Any) -> Iterator[Row]:
    """The service's own objectives: met or not, with what was measured against what."""
    parts: list[Row] = []
    for name, status, now, target, unit in _OBJECTIVES:
        said = text(slo, status, 20)
        if said is None:
            continue
        value, wanted = number(slo, now).value, number(slo, target).value
        told = [f"{value:g} {unit}" if value is not None else "not told"]
        told += [f"objective {wanted:g} {unit}"] if wanted is not None else []
        tone: Tone = "ok" if said == "met" else "warn"
        parts.append(Row(key=f"objectives/{name}", cells=[name, said, None, None, ", ".join(told)],
                         tone=tone, depth=1))  # fmt: skip
    if parts:
        missed = sum(row.tone != "ok" for row in parts)
        words = f"{missed} of {len(parts)} missed" if missed else "met"
        yield Row(
            key="objectives", cells=["objectives", words, None, None, "as the service counts them"],
            tone="warn" if missed else "ok",
        )  # fmt: skip
        yield from parts
