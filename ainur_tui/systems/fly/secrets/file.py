"""A private file of NAME=VALUE lines. Only names are ever shown."""

from __future__ import annotations

import os
import stat

from ainur_tui.model.failure import USAGE, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.fly.secrets.rows import NAME

MOST_BYTES, MOST = 256 * 1024, 200


def identity(path: str) -> str:
    """What changes when the file does: its place, size and time; never what is in it."""
    try:
        found = os.lstat(path)
    except OSError:
        return "gone"
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def read_secrets(path: str) -> dict[str, Secret]:
    """Its secrets by name. Raises Refused (64) for a file that others can read, that is no
    regular file, or with a line that cannot be understood (told by number, not by its text)."""
    shown = clean(path, 120)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(f"{shown} cannot be opened: {error.strerror}", USAGE) from None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"{shown} is no regular file", USAGE)
        if found.st_mode & 0o077 or found.st_uid not in {os.geteuid(), 0}:
            raise Refused(f"{shown} can be read or written by others: chmod 600 it first", USAGE)
        body = file.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise Refused(f"{shown} is larger than {MOST_BYTES} bytes", USAGE)
    try:
        lines = body.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise Refused(f"{shown} is not UTF-8 text", USAGE) from None
    values: dict[str, Secret] = {}
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, mark, value = line.removeprefix("export ").partition("=")
        name, plain = name.strip(), _unquoted(value.strip())
        if not mark or not NAME.fullmatch(name) or plain is None or name in values:
            raise Refused(f"{shown}:{number} is no NAME=VALUE line, or a name twice", USAGE)
        values[name] = Secret(plain)
    if not values or len(values) > MOST:
        raise Refused(f"{shown} holds {len(values)} secrets; 1 to {MOST} are taken", USAGE)
    return values


def _unquoted(value: str) -> str | None:
    """A value without its quotes; ``None`` where they do not match."""
    if value[:1] not in {'"', "'"}:
        return value
    return value[1:-1] if len(value) > 1 and value[-1] == value[0] else None
