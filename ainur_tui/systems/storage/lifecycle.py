"""What a bucket removes by itself: its lifecycle rules, and whether they leave the backups alone.

The rules are the store's (S3 GetBucketLifecycleConfiguration); they are shown, not set from here.
"""

from __future__ import annotations

import asyncio
import re
from html import unescape
from typing import NamedTuple

from ainur_tui.config.types import Backup, Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Context
from ainur_tui.systems.examined import Examined
from ainur_tui.systems.storage.client import Bucket, open_bucket

_RULE = re.compile(r"<Rule>(.*?)</Rule>", re.DOTALL)
_EXPIRES = re.compile(r"<Expiration>(.*?)</Expiration>", re.DOTALL)
_FIELD = r"<{0}>\s*([^<]*?)\s*</{0}>"


class Lifecycle(NamedTuple):
    """One rule that is in force. ``days`` after its writing an object below ``prefix`` is removed,
    ``abort`` days after its beginning an unfinished upload; ``other``: it does more than is told,
    as moving to colder storage or an end by date or tag."""

    name: str
    prefix: str
    days: int | None
    abort: int | None
    other: bool

    @property
    def words(self) -> str:
        """What it does."""
        told = []
        if self.days is not None:
            told.append(f"removes objects {self.days} days after they were written")
        if self.abort is not None:
            told.append(f"aborts unfinished uploads after {self.abort} days")
        if self.other or not told:
            told.append("moves, or removes by date or tag: see the provider's console")
        where = f" below {self.prefix}" if self.prefix else ""
        return f"{' and '.join(told)}{where}"


async def rules(bucket: Bucket) -> list[Lifecycle]:
    """Those in force, none where none is set. Raises ``ProbeFailure``."""
    try:
        text = await bucket.signed.ask("GET", "", {"lifecycle": ""})
    except ProbeFailure as failure:
        if failure.kind == "missing":
            return []
        raise
    found = map(_rule, _RULE.findall(text))
    return [one for one in found if one is not None]


def _rule(text: str) -> Lifecycle | None:
    if _field("Status", text) != "Enabled":
        return None
    expires = _EXPIRES.search(text)
    return Lifecycle(
        clean(_field("ID", text) or "a rule", 60), clean(_field("Prefix", text) or "", 120),
        _number("Days", expires[1] if expires else ""), _number("DaysAfterInitiation", text),
        any(mark in text for mark in ("Transition>", "<Date>", "<Tag>", "<Noncurrent")),
    )  # fmt: skip


def _field(name: str, text: str) -> str | None:
    found = re.search(_FIELD.format(name), text)
    return unescape(found[1]) if found else None


def _number(name: str, text: str) -> int | None:
    found = _field(name, text) or ""
    return int(found) if found.isascii() and found.isdigit() and len(found) < 7 else None


async def examine(environment: Environment, context: Context) -> list[Examined]:
    """What ``doctor`` says of each bucket; nothing without a store."""
    section, backup = environment.storage, environment.backup
    if section is None:
        return []
    names = [*section.buckets, section.probe_bucket, backup.bucket if backup else None]
    buckets = [open_bucket(section, name, context) for name in dict.fromkeys(filter(None, names))]
    told = await asyncio.gather(*(_one(bucket, backup) for bucket in buckets))
    return [one for each in told for one in each]


async def _one(bucket: Bucket, backup: Backup | None) -> list[Examined]:
    name = f"rules of {bucket.name}"
    try:
        found = await rules(bucket)
    except ProbeFailure as failure:
        return [Examined(name, "note", f"its lifecycle rules are not told: {failure}")]
    if not found:
        return [Examined(name, "ok", "no lifecycle rule: it removes nothing by itself")]
    held = backup if backup is not None and backup.bucket == bucket.name else None
    return [_judged(name, rule, held) for rule in found]


def _judged(name: str, rule: Lifecycle, held: Backup | None) -> Examined:
    words = f"{rule.name}: {rule.words}"
    meets = held is not None and (
        held.prefix.startswith(rule.prefix) or rule.prefix.startswith(held.prefix)
    )
    if held is None or not meets or rule.days is None:
        return Examined(name, "ok", words)
    early = f" before the {held.keep_days} days of backup.keep_days," * (rule.days < held.keep_days)
    words += f": it takes backups away,{early} the newest that was proven too; end that rule"
    return Examined(name, "warn", f"{words}, `backup prune` keeps what must stay")
