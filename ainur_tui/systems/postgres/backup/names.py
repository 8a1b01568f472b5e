"""Names of backups. Nothing that does not match them exactly is ever read, shown or removed."""

from __future__ import annotations

import re
from datetime import UTC, datetime

DATA = ".dump.zst"
SEALED = ".dump.zst.age"
DATAS = (DATA, SEALED)
"""Under which of these the data of a backup are, its manifest knows."""
MANIFEST = ".json"
PROOF = ".proof.json"
CONFIG = ".config.json"
"""What it takes to build the service again, as it was when the backup was taken."""
PARTIAL = ".partial"
OLD = ".sql.gz"
STEM = "ainur_backup_"

_NAME = re.compile(
    r"(ainur_backup_\d{8}_\d{6})(\.dump\.zst(?:\.age)?(?:\.partial)?|\.json|\.proof\.json"
    r"|\.config\.json"
    r"|\.sql\.gz)"
)
_FORMAT = "ainur_backup_%Y%m%d_%H%M%S"


def identity(at: float) -> str:
    """The id of a backup begun at ``at`` (epoch seconds): the guide's scheme, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime(_FORMAT)


def begun_at(backup: str) -> float | None:
    """When a backup of that id was begun, or ``None`` when it is no id."""
    try:
        return datetime.strptime(backup, _FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def split(name: str) -> tuple[str, str] | None:
    """A file's or object's name as (id, suffix), or ``None`` when it is none of ours."""
    found = _NAME.fullmatch(name)
    return (found[1], found[2]) if found and begun_at(found[1]) is not None else None
