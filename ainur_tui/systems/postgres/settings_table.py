"""Settings as a table: now, the guide's, what fits the machine, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ainur_tui.model.secret import Redactor
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.text import clean
from ainur_tui.model.units import size
from ainur_tui.systems.postgres.actions.tuning import counted, words
from ainur_tui.systems.postgres.tuning import WORTH, Machine, Worth, sized

HIDDEN = ("conninfo", "command", "passphrase", "password", "secret", "key")
"""Parts of names whose values may hold a credential: that they changed is enough."""
_TAKES = {"postmaster": "restart", "sighup": "reload", "internal": "rebuild"}
_RANK: dict[Tone, int] = {"fail": 0, "warn": 1, "none": 2}
_NOTHING = Worth("another value is in the file and comes with the next restart")


def rows(
    found: Sequence[Mapping[str, Any]], machine: Machine | None, redact: Redactor
) -> list[Row]:
    """Those worth a look and those that wait for a restart, what is dangerous first."""
    by_name = {row["name"]: row for row in found}
    waiting = [name for name in by_name if by_name[name]["pending_restart"]]
    limit = by_name.get("max_connections")
    connections = float(limit["setting"]) if limit else 100.0
    shown = []
    for name in dict.fromkeys([*WORTH, *waiting]):
        if name in by_name:
            fits = sized(name, machine, connections)
            shown.append(_row(by_name[name], WORTH.get(name, _NOTHING), fits, redact))
    return sorted(shown, key=lambda row: _RANK[row.tone])


def _row(row: Mapping[str, Any], worth: Worth, fits: str | None, redact: Redactor) -> Row:
    name = row["name"]
    secret = name not in WORTH and any(part in name for part in HIDDEN)
    says, tone = _says(row, worth, fits)
    takes = _TAKES.get(row["context"], "reload")
    when = "restart due" if row["pending_restart"] else takes
    apply = {"restart": "restart PostgreSQL", "reload": "SELECT pg_reload_conf();"}
    detail = {"why": worth.why, "comes from": clean(row["source"], 40)}
    if not secret:
        detail["default"] = clean(redact(words(row["boot_val"] or "", row)), 80)
    target = worth.guide or worth.best
    if target and not _same(row, target) and takes in apply:
        detail["to set it"] = f"ALTER SYSTEM SET {name} = '{target}'; then {apply[takes]}"
    return Row(
        key=name,
        cells=[
            clean(name, 60),
            "hidden" if secret else clean(redact(words(row["setting"] or "", row)), 60),
            worth.guide or "", words(fits, row) if fits else worth.best or "", when, says,
        ],
        tone=tone,
        target="db",
        detail=detail,
        params={"name": name, "value": target} if target else {"name": name},
    )  # fmt: skip


def _same(row: Mapping[str, Any], wanted: str) -> bool:
    """Whether it is what is wanted; ``on`` is anything that is not off, since switches have become
    lists of what is on (``log_connections`` in 18)."""
    setting = row["setting"] or ""
    if wanted == "on":
        return setting not in {"off", ""}
    return counted(setting, row) == counted(wanted, row)


def _says(row: Mapping[str, Any], worth: Worth, fits: str | None) -> tuple[str, Tone]:
    """What is to be said of it, in one short sentence."""
    if row["pending_restart"]:
        return "another value waits for a restart", "warn"
    if worth.danger and worth.best and not _same(row, worth.best):
        return worth.danger, "fail"
    if worth.guide:
        return _against_guide(row, worth.guide, fits), "none"
    if fits is not None or worth.best is None or _same(row, worth.best):
        return "", "none"
    return "other than advised", "none"


def _against_guide(row: Mapping[str, Any], guide: str, fits: str | None) -> str:
    now, wanted = counted(row["setting"] or "", row), counted(guide, row)
    if _same(row, guide):
        most = counted(fits, row) if fits else None
        much = isinstance(now, float) and isinstance(most, float) and now < most / 4
        return "as the guide; the machine could give more" if much else "as the guide"
    if isinstance(now, float) and isinstance(wanted, float):
        return "switched off" if now < 0 else f"{'below' if now < wanted else 'above'} the guide"
    return "other than the guide"


_COLUMNS = [
    Column(name="setting", title="Setting", limit=36),
    Column(name="now", title="Now", limit=14),
    Column(name="guide", title="Guide", limit=8),
    Column(name="advised", title="Advised", rank=1, limit=13),
    Column(name="takes", title="Takes", rank=2, limit=11),
    Column(name="says", title="Which says", rank=1, limit=60),
]


def settings(found: list[Row], machine: Machine | None, at: float, interval: float) -> Table:
    """The table. ``at`` in epoch seconds, ``interval`` in seconds."""
    note = "what fits the machine is not known: set postgres.memory (GiB) and postgres.cores"
    if machine is not None:
        cores = f", {machine.cores} cores" if machine.cores else ""
        note = f"advised is for {size(machine.memory)}{cores}"
    return Table(
        name="db.settings", target="db", title="Settings", columns=_COLUMNS, rows=found,
        observed_at=at, source="pg_settings", interval=interval, note=note,
    )  # fmt: skip
