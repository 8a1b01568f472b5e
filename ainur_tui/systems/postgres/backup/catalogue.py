"""What backups there are, in every place, and which of them deserve the name."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import rfc3339
from ainur_tui.systems.base import Clock, Context
from ainur_tui.systems.postgres.backup import manifest, names, proof
from ainur_tui.systems.postgres.backup.found import Found
from ainur_tui.systems.postgres.backup.manifest import Manifest
from ainur_tui.systems.postgres.backup.places import Place, places_of
from ainur_tui.systems.postgres.backup.proof import Proof

_FRESH = 600.0
"""Seconds during which data without a manifest may still belong to a running backup."""
_SLACK = 2.0
"""Seconds by which stores round the moment of a change."""
_AT_ONCE = 8
_LARGEST_CHECKED = 256 << 20
_READ = 1 << 20

Key = tuple[str, str, str]


@dataclass
class Cache:
    """What was learnt of files that do not change: manifests, and whether old archives are whole.

    Keys are (place, name, tag); what is no longer listed is forgotten.
    """

    manifests: dict[Key, Manifest | None] = field(default_factory=dict)
    proofs: dict[Key, Proof | None] = field(default_factory=dict)
    whole: dict[Key, bool] = field(default_factory=dict)

    def keep(self, keys: set[Key]) -> None:
        """Forget everything but ``keys``."""
        self.manifests = {key: found for key, found in self.manifests.items() if key in keys}
        self.proofs = {key: found for key, found in self.proofs.items() if key in keys}
        self.whole = {key: found for key, found in self.whole.items() if key in keys}


@dataclass(frozen=True)
class Listing:
    """Rows as the contract writes them, newest first; ``problems`` are places not readable."""

    rows: list[dict[str, Any]]
    problems: list[str]


async def catalogue(environment: Environment, context: Context) -> list[dict[str, Any]]:
    """The rows of ``backup list``.

    Raises ``ProbeFailure`` when no place could be read, ``SecretMissing`` without credentials.
    """
    places = places_of(environment, context)
    listing = await read(places, context.clock)
    if places and len(listing.problems) == len(places):
        raise ProbeFailure("unavailable", "; ".join(listing.problems))
    return listing.rows


async def read(places: Sequence[Place], clock: Clock, cache: Cache | None = None) -> Listing:
    """List every place and judge each backup by its manifest and what lies beside it."""
    cache = cache if cache is not None else Cache()
    answers = await asyncio.gather(*(place.entries() for place in places), return_exceptions=True)
    problems: list[str] = []
    there: list[tuple[Place, Found]] = []
    for place, answer in zip(places, answers, strict=True):
        if isinstance(answer, BaseException):
            problems.append(f"{place.shown}: {clean(answer, 200)}")
        else:
            there += [(place, found) for found in answer]
    cache.keep({_key(place, found) for place, found in there})
    turn = asyncio.Semaphore(_AT_ONCE)
    await asyncio.gather(*(_learn(place, found, cache, turn) for place, found in there))
    by_id: dict[str, list[tuple[Place, Found]]] = {}
    for place, found in there:
        by_id.setdefault(found.backup, []).append((place, found))
    now = clock.now()
    rows = [row for backup, parts in by_id.items() for row in _judge(backup, parts, cache, now)]
    return Listing(sorted(rows, key=lambda row: str(row["id"]), reverse=True), problems)


def newest_bytes(rows: Sequence[dict[str, Any]], database: str) -> int | None:
    """The size of the newest complete backup of a database."""
    for row in rows:
        if row["state"] == "complete" and row["database"] == clean(database, 120):
            return int(row["bytes"])
    return None


def _key(place: Place, found: Found) -> Key:
    return place.shown, found.name, f"{found.tag}/{found.size}"


async def _learn(place: Place, found: Found, cache: Cache, turn: asyncio.Semaphore) -> None:
    key = _key(place, found)
    async with turn:
        if (found.suffix == names.MANIFEST and key not in cache.manifests) or (
            found.suffix == names.PROOF and key not in cache.proofs
        ):
            try:
                data = await place.read(found.name)
            except (ProbeFailure, OSError):
                return  # not remembered: asked again at the next look
            if found.suffix == names.MANIFEST:
                cache.manifests[key] = manifest.decode(data, found.backup)
            else:
                cache.proofs[key] = proof.decode(data, found.backup)
        elif found.suffix == names.OLD and found.path and key not in cache.whole:
            cache.whole[key] = await asyncio.to_thread(_is_whole, found.path, found.size)


def _judge(
    backup: str, parts: list[tuple[Place, Found]], cache: Cache, now: float
) -> list[dict[str, Any]]:
    ours = [(place, found) for place, found in parts if found.suffix != names.OLD]
    old = [(place, found) for place, found in parts if found.suffix == names.OLD]
    rows = []
    if ours:
        rows.append(_ours(backup, ours, cache, now))
    if old:
        rows.append(_old(backup, old, cache))
    return rows


def _ours(
    backup: str, parts: list[tuple[Place, Found]], cache: Cache, now: float
) -> dict[str, Any]:
    data = [(place, found) for place, found in parts if found.suffix in names.DATAS]
    known = {place.shown: cache.manifests.get(_key(place, found)) for place, found in parts
             if found.suffix == names.MANIFEST}  # fmt: skip
    sealed = next((made for made in known.values() if made), None)
    if sealed is not None:
        whole = [
            (place, found) for place, found in data
            if (own := known.get(place.shown)) is not None
            and found.size == own.bytes and own.sha256 == sealed.sha256
        ]  # fmt: skip
        looks = [judged(place, found, parts, cache, sealed) for place, found in whole]
        good = [
            place.location(found.name)
            for (place, found), look in zip(whole, looks, strict=True)
            if look.problem is None
        ]
        wrong = next((look.problem for look in looks if look.problem), None)
        there = {place.shown for place, _ in whole}
        lost = [shown for shown, made in known.items() if made and shown not in there]
        if good and lost and not wrong:
            wrong = f"its data in {lost[0]} are cut or gone"
        row = manifest.row(
            backup, "complete" if good else "failed", manifest=sealed, locations=good,
            detail=wrong or (None if good else "the manifest is there, its data are not"),
            proof=max((look.proof for look in looks if look.proof),
                      key=lambda found: found.verified_at, default=None),
        )  # fmt: skip
        return row | ({"copies": len(known)} if 0 < len(good) < len(known) else {})
    newest = max(found.modified for _, found in parts)
    running = now - newest < _FRESH
    return manifest.row(
        backup,
        "running" if running else "partial",
        created_at=rfc3339(names.begun_at(backup)),
        size=max((f.size for _, f in parts if f.suffix != names.MANIFEST), default=None),
        locations=[place.location(found.name) for place, found in data],
        detail=None if running else "without a manifest it is no backup",
    )


class Look(NamedTuple):
    """What is known of the data in one place: the restore that proves them, or what is wrong."""

    proof: Proof | None
    problem: str | None


def judged(
    place: Place,
    data: Found,
    parts: list[tuple[Place, Found]],
    cache: Cache,
    sealed: Manifest,
) -> Look:
    """Judge data of the right size by their proof and by when they were written.

    Data are older than their manifest, which is written last: what was touched later is believed
    only once it was restored again.
    """
    beside = {found.suffix: found for at, found in parts if at.shown == place.shown}
    file = beside.get(names.PROOF)
    known = cache.proofs.get(_key(place, file)) if file else None
    if file and known and known.sha256 == sealed.sha256 and file.modified + _SLACK >= data.modified:
        wrong = proof.problem(known)
        if wrong is None and known.rows != sealed.rows:
            wrong = "the restored rows are not those of the manifest"
        return Look(None if wrong else known, wrong)
    if data.modified > beside[names.MANIFEST].modified + _SLACK:
        return Look(None, "its data were changed after it was sealed; verify it")
    return Look(None, None)


def _old(backup: str, parts: list[tuple[Place, Found]], cache: Cache) -> dict[str, Any]:
    """A backup of the guide's script: believed only as far as its archive is whole."""
    sizes = {found.size for place, found in parts if cache.whole.get(_key(place, found))}
    good = [place.location(found.name) for place, found in parts if found.size in sizes]
    return manifest.row(
        backup,
        "complete" if good else "partial",
        created_at=rfc3339(names.begun_at(backup)),
        size=max(found.size for _, found in parts),
        locations=good or [place.location(found.name) for place, found in parts],
        form=manifest.OLD_FORMAT,
        detail="unproven and not ours: never restored here, never pruned"
        if good
        else "the archive is cut, or too large or too far to be checked",
    )


def _is_whole(path: str, size: int) -> bool:
    """Whether a gzip archive decompresses to its end with matching length and checksum."""
    if size > _LARGEST_CHECKED:
        return False
    unpacked = 0
    try:
        with open(path, "rb") as file:
            engine = zlib.decompressobj(wbits=31)
            while chunk := file.read(_READ):
                while chunk and not engine.eof:
                    unpacked += len(engine.decompress(chunk, _READ))
                    chunk = engine.unconsumed_tail
    except (OSError, zlib.error):
        return False
    return engine.eof and unpacked > 0
