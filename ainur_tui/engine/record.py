"""The form of the record of decisions and their results, how it is read and checked (S-48).

One JSON object a line. ``hash`` is the SHA-256 of the canonical JSON (sorted keys, no spaces,
ASCII) of all other fields, ``prev`` the hash before it. The newest hash is anchored in a second
file, so that a tail cut off is noticed as well as an edit or a gap.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from ainur_tui.model.action import Plan
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.secret import MASK
from ainur_tui.model.text import clean

FIRST = "0" * 64
"""``prev`` of the first entry."""

_SECRET_WORDS = ("password", "passwd", "secret", "token", "api_key", "access_key", "authorization")


def digest(fields: Mapping[str, Any]) -> str:
    """The hash of an entry's fields (``hash`` itself left out)."""
    kept = {name: value for name, value in fields.items() if name != "hash"}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any, redact: Callable[[str], str], *, by_name: bool = True) -> Any:
    """Anything as JSON that is safe to keep and to show: redacted, cleaned, finite.

    ``by_name``: text under a name that sounds like a secret's is masked. Not so in a plan, which
    holds no secret: a run is judged by it after a crash, so a digest must stay what it is.
    """
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if isfinite(value) else None
        case str():
            return clean(redact(value))
        case Mapping():
            return {
                clean(redact(str(name))): MASK
                if by_name and _hides(name, item)
                else plain(item, redact, by_name=by_name)
                for name, item in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [plain(item, redact, by_name=by_name) for item in value]
        case Plan():
            return plain(msgspec.to_builtins(value), redact, by_name=False)
        case msgspec.Struct():
            return plain(msgspec.to_builtins(value), redact, by_name=by_name)
        case _:
            return clean(redact(str(value)))


def _hides(name: object, value: object) -> bool:
    """Whether a field's name says that its text is a secret."""
    return isinstance(value, str) and any(word in str(name).lower() for word in _SECRET_WORDS)


def whole_lines(path: Path) -> tuple[list[bytes], bytes]:
    """The whole lines of the file and the unfinished one after them."""
    try:
        *whole, torn = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], b""
    return whole, torn


def fields_of(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _newest_first(path: Path) -> Iterator[JournalEntry]:
    for line in reversed(whole_lines(path)[0]):
        try:
            yield msgspec.json.decode(line, type=JournalEntry)
        except (msgspec.DecodeError, RecursionError):
            continue


def read(path: Path, after: int = 0, limit: int = 1000) -> list[JournalEntry]:
    """The newest ``limit`` entries whose number is above ``after``, oldest first.

    Needs no engine. Lines that cannot be read are left to :func:`verify`. Raises ``OSError``.
    """
    found: list[JournalEntry] = []
    for entry in _newest_first(path):
        if entry.seq <= after or len(found) >= limit:
            break
        found.append(entry)
    return found[::-1]


def of_actions(path: Path, names: Collection[str]) -> list[JournalEntry]:
    """All entries about these actions, oldest first. Raises ``OSError``."""
    return [entry for entry in _newest_first(path) if entry.action in names][::-1]


def anchor_of(head: Path) -> tuple[int, str] | None:
    try:
        found = fields_of(head.read_bytes()) or {}
        return int(found["seq"]), str(found["hash"])
    except (OSError, KeyError, TypeError, ValueError):
        return None


def verify(path: Path, head: Path) -> JournalVerdict:
    """Check chain, numbers and anchor. Needs no engine. Raises ``OSError``."""
    lines, torn = whole_lines(path)
    anchor = anchor_of(head)
    first_bad: int | None = None
    reason: str | None = None
    last, prev = 0, FIRST
    anchored = anchor is not None and anchor == (0, FIRST)

    def fault(seq: int, words: str) -> None:
        nonlocal first_bad, reason
        if first_bad is None:
            first_bad, reason = seq, words

    for line in lines:
        fields = fields_of(line)
        if fields is None or not isinstance(fields.get("seq"), int):
            fault(last + 1, f"entry {last + 1} cannot be read")
            last += 1
            continue
        seq = fields["seq"]
        if seq != last + 1:
            fault(last + 1, f"entry {last + 1} is missing: {seq} comes after {last}")
        elif fields.get("prev") != prev:
            fault(seq, f"entry {seq} does not follow the one before it")
        # Written again in other words it is not what was written, whatever it says.
        if fields.get("hash") != digest(fields) or json.dumps(fields).encode() != line:
            fault(seq, f"entry {seq} was changed after it was written")
        last, prev = seq, str(fields.get("hash"))
        anchored = anchored or anchor == (seq, prev)
    truncated = anchor is not None and anchor[0] > last
    if anchor is None and lines:
        fault(last, "the anchor of the record is missing, so a cut tail could not be seen")
    elif truncated and anchor is not None:
        fault(last + 1, f"entries {last + 1} to {anchor[0]} were cut off")
    elif anchor is not None and not anchored:
        fault(anchor[0], f"entry {anchor[0]} is not the one that was anchored")
    if torn and reason is None:
        reason = f"an unfinished entry of {len(torn)} bytes at the end was never confirmed"
    return JournalVerdict(
        ok=first_bad is None,
        entries=len(lines),
        first_bad=first_bad,
        truncated=truncated,
        reason=reason,
    )
