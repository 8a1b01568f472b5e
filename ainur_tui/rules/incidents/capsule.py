"""The evidence of an incident as one archive that is the same for the same content."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping

import msgspec

MANIFEST = "manifest.json"


def capsule(files: Mapping[str, bytes], *, folder: str, at: float) -> bytes:
    """A tar.gz of ``files`` under ``folder``, in the order of their names, all of the moment
    ``at`` (epoch seconds), with the SHA-256 of each in ``manifest.json``."""
    listed = [
        {"name": name, "size": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
        for name in sorted(files)
    ]
    manifest = msgspec.json.format(msgspec.json.encode({"version": 1, "files": listed}), indent=2)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in [(MANIFEST, manifest), *sorted(files.items())]:
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), int(at), 0o600
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)
