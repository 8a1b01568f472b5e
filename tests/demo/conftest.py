"""A real PostgreSQL of the miniature for the tests of this folder, started once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ainur_tui.demo import credentials
from ainur_tui.demo.service import free_port
from tests.helpers import until


@dataclass(frozen=True)
class House:
    """A miniature's directory with its database running."""

    directory: Path
    port: int

    def url(self, role: str = credentials.APP_ROLE) -> str:
        return credentials.url(self.directory, role, self.port)

    @property
    def log(self) -> str:
        """What PostgreSQL has written so far."""
        file = self.directory / "postgres" / "log" / "postgresql.log"
        return file.read_text() if file.exists() else ""

    def starts(self) -> int:
        """How often it has become ready for connections."""
        return self.log.count("database system is ready to accept connections")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    credentials.make(directory)
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "ainur_tui.demo.database"),
            *("--dir", str(directory), "--port", str(port), "--seed", "7"),
        ],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    found = House(directory, port)
    until(lambda: found.starts() == 1, 30, "PostgreSQL accepts connections")
    yield found
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
