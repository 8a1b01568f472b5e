"""The miniature's secrets: files under ``DIR/secrets``, 0600, made once and kept."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

DATABASE = "ainur"
APP_ROLE = "ainur_app"
MONITOR_ROLE = "ainur_monitor"
ADMIN_ROLE = "ainur_admin"

NAMES = (
    "postgres-app",
    "postgres-monitor",
    "postgres-admin",
    "fly-token",
    "s3-access-key",
    "s3-secret-key",
)
AUTHORITY = "ca.pem"
"""The root of all certificates: what the console is told to trust."""


def write(path: Path, text: str) -> None:
    """Write a file only its owner can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def make(directory: Path) -> None:
    """Make every secret that is not there yet."""
    place = directory / "secrets"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in NAMES:
        if not (place / name).exists():
            write(place / name, secrets.token_hex(20))


def read(directory: Path, name: str) -> str:
    """The secret of that name."""
    return (directory / "secrets" / name).read_text().strip()


def url(directory: Path, role: str, port: int, database: str = DATABASE) -> str:
    """The connection URL of a role, with its password."""
    password = read(directory, f"postgres-{role.removeprefix('ainur_')}")
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"
