"""Host names of the app with their certificates: who issued them, when they end, what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ainur_tui.model.event import Event
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.table import Cell, Column, Row
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock
from ainur_tui.systems.answers import pick, text
from ainur_tui.systems.certificates import DAY, urgency
from ainur_tui.systems.fly.client import FlyClient
from ainur_tui.systems.fly.machines import parse_time

COLUMNS = (
    Column(name="hostname", title="Host name", limit=50),
    Column(name="configured", title="Configured", rank=1, limit=12),
    Column(name="days", title="Left", unit="days", rank=1),
    Column(name="issuer", title="Issuer", rank=2, limit=24),
    Column(name="expires", title="Expires", unit="time", rank=3),
    Column(name="status", title="Status", rank=4, limit=24),
    Column(name="dns", title="DNS at", rank=5, limit=30),
)
MOST = 20
"""Host names that are looked at one by one; each is a call of its own."""


async def certificates(client: FlyClient, now: float) -> list[Row]:
    """A row for each host name; raises ProbeFailure where there is no list."""
    listed = await client.certificates()
    told = await asyncio.gather(*(_whole(client, row) for row in listed[:MOST]))
    return [_row(one, now) for one in (*told, *listed[MOST:])]


def changes(before: Sequence[Row], after: Sequence[Row], now: float) -> Iterator[Event]:
    """What another look tells: a renewal, another issuer, a name that came, went or broke."""
    known = {row.key: row for row in before}
    for row in after:
        former = known.pop(row.key, None)
        if former is None:
            yield _event(row, "added", now)
            continue
        old, new = _facts(former), _facts(row)
        told = [f"{name} {old[name]} → {new[name]}" for name in new if old[name] != new[name]]
        # That a detail could not be read this time is no change of the certificate.
        if told and not any("—" in (old[name], new[name]) for name in ("expires", "issuer")):
            yield _event(row, ", ".join(told), now)
    for row in known.values():
        yield _event(row, "removed", now)


def _event(row: Row, words: str, now: float) -> Event:
    key = f"fly:certificate:{row.key}:{now:.0f}"
    text = f"certificate of {row.key}: {words}"
    return Event(key=key, at=now, kind="certificate", target="api", text=text)


def _facts(row: Row) -> dict[str, str]:
    configured, _, issuer, expires = row.cells[1:5]
    until = clock(expires, date=True)[:10] if isinstance(expires, int | float) else "—"
    return {"configured": str(configured), "issuer": str(issuer or "—"), "expires": until}


async def _whole(client: FlyClient, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The summary with the details laid over: only they tell issuer and end."""
    host = text(row, "hostname", 250)
    try:
        return {**row, **await client.certificate(host)} if host else row
    except ProbeFailure:
        return row


def _row(row: Mapping[str, Any], now: float) -> Row:
    host = text(row, "hostname", 100) or "?"
    ready = pick(row, "configured") is True
    expires, issuer = _newest(row)
    days = None if expires is None else (expires - now) / DAY
    tone = urgency(days)
    if tone == "none" and not ready:
        tone = "fail"
    cells: list[Cell] = [
        host, "yes" if ready else "no", days, issuer, expires,
        text(row, "status", 40) or text(row, "client_status", 40) or "",
        text(row, "dns_provider", 40) or "",
    ]  # fmt: skip
    return Row(key=host, cells=cells, tone=tone, detail=_detail(row))


def _detail(row: Mapping[str, Any]) -> dict[str, str]:
    errors = pick(row, "validation_errors")
    wrong = [text(one, "message", 160) or "" for one in errors] if isinstance(errors, list) else []
    wanted = {name: pick(row, f"dns_requirements.{name}") for name in ("a", "aaaa", "cname")}
    told = {
        f"DNS wants {name.upper()}": clean(
            ", ".join(value) if isinstance(value, list) else value, 200
        )
        for name, value in wanted.items()
        if value and (isinstance(value, str) or all(isinstance(one, str) for one in value))
    }
    return told | ({"what is wrong": "; ".join(filter(None, wrong))} if any(wrong) else {})


def _newest(row: Mapping[str, Any]) -> tuple[float | None, str | None]:
    """When the earliest of its certificates ends, and who issued that one."""
    found: list[tuple[float, str | None]] = []
    for one in (row, *_each(row, "issued"), *_each(row, "certificates")):
        issuer = text(one, "issuer", 60) or text(one, "certificate_authority", 60)
        for part in (one, *_each(one, "issued")):
            at = parse_time(pick(part, "expires_at")) or parse_time(pick(part, "expiresAt"))
            if at is not None:
                found.append((at, text(part, "certificate_authority", 60) or issuer))
    if not found:
        return None, None
    at = min(when for when, _ in found)
    named = (issuer for when, issuer in found if when - at < DAY and issuer)
    return at, next(named, None)


def _each(row: Any, key: str) -> list[Any]:
    value = pick(row, key)
    nested = pick(value, "nodes") if isinstance(value, Mapping) else value
    return nested if isinstance(nested, list) else []
