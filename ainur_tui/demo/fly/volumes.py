"""Volumes of an app: what they hold is measured, and their snapshots are taken, in a directory."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import string
import time
from dataclasses import dataclass, field
from pathlib import Path

from ainur_tui.demo.fly.machines import Json, Machine, iso

GIB, BLOCK = 1 << 30, 4096
RESERVED = 0.05
"""The share of a file system that is kept for its owner."""
DAY = 86400.0
RETENTION = 5
"""Days a snapshot is kept where nothing else is said."""
_LETTERS = string.ascii_lowercase + string.digits


def name_of(kind: str, seed: object) -> str:
    """An identifier as the platform makes them: ``vol_…``, ``vs_…``."""
    rng = random.Random(f"{kind}{seed}")
    return f"{kind}_{''.join(rng.choices(_LETTERS, k=16))}"


def measured(directory: Path) -> tuple[int, str]:
    """Bytes on disk under a directory, and a digest of what lies there (names, sizes, times)."""
    size, digest = 0, hashlib.md5(usedforsecurity=False)
    for place, _, files in os.walk(directory):
        for file in sorted(files):
            try:
                found = os.lstat(os.path.join(place, file))
            except OSError:
                continue
            size += found.st_blocks * 512
            digest.update(f"{place}/{file} {found.st_size} {found.st_mtime_ns}\n".encode())
    return size, f"{digest.hexdigest()}-1"


@dataclass(frozen=True)
class Snapshot:
    """One state of a volume; ``size`` in bytes, ``at`` in epoch seconds."""

    id: str
    size: int
    digest: str
    at: float
    days: int = RETENTION

    def json(self) -> Json:
        return {
            "id": self.id,
            "size": self.size,
            "digest": self.digest,
            "created_at": iso(self.at),
            "status": "created",
            "retention_days": self.days,
        }


@dataclass
class Volume:
    """Storage for one machine; what it holds lies in ``directory``."""

    id: str
    name: str
    region: str
    size_gb: int
    path: str
    directory: Path
    created_at: float
    snapshots: list[Snapshot] = field(default_factory=list)

    @classmethod
    def found(cls, spec: Json, app: str, region: str, now: float) -> Volume:
        """A volume of the spec file, a month old, with its daily snapshots."""
        id = name_of("vol", f"{app}/{spec['name']}")
        volume = cls(
            id, spec["name"], region, int(spec["size_gb"]), spec["path"], Path(spec["directory"]),
            now - 30 * DAY,
        )  # fmt: skip
        rng = random.Random(id)
        for age in range(RETENTION, 0, -1):
            at = now - age * DAY + 3600
            size, digest = rng.randrange(36_000_000, 40_000_000), f"{rng.getrandbits(128):032x}-1"
            volume.snapshots.append(Snapshot(name_of("vs", f"{id}{age}"), size, digest, at))
        return volume

    @property
    def mount(self) -> Json:
        """The entry of a machine's configuration that attaches it."""
        return {
            "volume": self.id, "name": self.name, "path": self.path, "size_gb": self.size_gb,
            "encrypted": True,
        }  # fmt: skip

    def attached(self, machines: list[Machine]) -> str | None:
        """The id of the machine that has it."""
        for machine in machines:
            if any(one.get("volume") == self.id for one in machine.config.get("mounts") or []):
                return machine.id
        return None

    async def json(self, machines: list[Machine]) -> Json:
        """The volume as the API answers it."""
        used, _ = await asyncio.to_thread(measured, self.directory)
        blocks = self.size_gb * GIB // BLOCK
        free = max(0, blocks - used // BLOCK)
        return {
            "id": self.id,
            "name": self.name,
            "state": "created",
            "size_gb": self.size_gb,
            "region": self.region,
            "zone": f"{random.Random(self.id).getrandbits(16):04x}",
            "encrypted": True,
            "attached_machine_id": self.attached(machines),
            "attached_alloc_id": None,
            "created_at": iso(self.created_at),
            "blocks": blocks,
            "block_size": BLOCK,
            "blocks_free": free,
            "blocks_avail": max(0, free - int(blocks * RESERVED)),
            "fstype": "ext4",
            "snapshot_retention": RETENTION,
            "auto_backup_enabled": True,
            "host_status": "ok",
            "host_dedication_key": "",
        }

    async def snapshot(self, id: str) -> None:
        """Take one: it is in the list when that is done."""
        size, digest = await asyncio.to_thread(measured, self.directory)
        self.snapshots.append(Snapshot(id, size, digest, time.time()))
