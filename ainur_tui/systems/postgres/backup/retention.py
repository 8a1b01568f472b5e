"""Which backups may go: a decision over the catalogue's rows that removes nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ainur_tui.model.units import duration
from ainur_tui.systems.postgres.backup import manifest, names

_DAY = 86400.0
_OVERDUE = 2 * _DAY


class Verdict(NamedTuple):
    """The ids that may go, oldest first, or the sentence why none may."""

    doomed: list[str]
    blocked: str | None


def judge(rows: Sequence[dict[str, Any]], days: int, count: int, now: float) -> Verdict:
    """Rows as the catalogue gives them, newest first.

    The newest verified backup, the ``count`` newest complete ones and everything younger than
    ``days`` stay; so do the old files of other programs. Nothing goes while the newest backup
    did not succeed or none was ever restored and counted (S-40).
    """
    ours = [row for row in rows if row["format"] != manifest.OLD_FORMAT]
    complete = [row["id"] for row in ours if row["state"] == "complete"]
    verified = next((row["id"] for row in ours if row["verified_at"]), None)
    if not complete:
        return Verdict([], "there is no complete backup")
    if ours[0]["state"] != "complete":
        return Verdict([], f"the newest backup, {ours[0]['id']}, is {ours[0]['state']}")
    age = now - (names.begun_at(complete[0]) or 0.0)
    if age > _OVERDUE:
        return Verdict(
            [], f"the newest backup is {duration(age)} old: take a new one before old ones go"
        )
    if verified is None:
        return Verdict([], "no backup was restored and counted yet: verify one first")
    kept = {verified, *complete[:count]}
    doomed = [
        row["id"] for row in reversed(ours)
        if row["id"] not in kept and now - (names.begun_at(row["id"]) or now) > days * _DAY
    ]  # fmt: skip
    return Verdict(doomed, None)
