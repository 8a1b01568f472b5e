"""References to secrets, and the sentences when they lead nowhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ainur_tui.config.secrets import describe, resolve, sources_of
from ainur_tui.config.types import Environment, Fly, Postgres, SecretMissing, SecretRef

PYTHON = sys.executable


def private(path: Path, text: str, mode: int = 0o600) -> SecretRef:
    path.write_text(text)
    path.chmod(mode)
    return SecretRef(file=str(path))


def test_a_secret_is_found_in_each_place_it_may_be(tmp_path: Path) -> None:
    assert resolve("literal").reveal() == "literal"
    assert resolve(SecretRef(env="A"), {"A": "from env\n"}).reveal() == "from env"
    assert resolve(private(tmp_path / "s", "from file\n")).reveal() == "from file"
    command = SecretRef(command=[PYTHON, "-c", "print('from command')"])
    assert resolve(command).reveal() == "from command"


def missing(source: SecretRef, deadline: float = 10) -> str:
    with pytest.raises(SecretMissing) as caught:
        resolve(source, {"EMPTY": "", "STANDIN": "postgresql://u:strong_password@h/d"}, deadline)
    return str(caught.value)


def test_a_secret_that_is_not_found_says_why(tmp_path: Path) -> None:
    assert "variable NONE is not set" in missing(SecretRef(env="NONE"))
    assert "is empty" in missing(SecretRef(env="EMPTY"))
    assert "stand-in" in missing(SecretRef(env="STANDIN"))
    assert "does not exist" in missing(SecretRef(file=str(tmp_path / "none")))
    assert "regular" in missing(SecretRef(file=str(tmp_path)))
    assert "chmod 600" in missing(private(tmp_path / "open", "x", 0o640))
    link = tmp_path / "link"
    link.symlink_to(private(tmp_path / "real", "x").file or "")
    assert "symbolic link" in missing(SecretRef(file=str(link)))
    os.mkfifo(tmp_path / "fifo", 0o600)
    assert "regular" in missing(SecretRef(file=str(tmp_path / "fifo")))
    assert "cannot be started" in missing(SecretRef(command=["/nonexistent/tool"]))
    assert "neither" in missing(SecretRef())


def test_a_command_that_fails_or_hangs_tells_nothing_of_its_output() -> None:
    failing = SecretRef(command=[PYTHON, "-c", "print('canary-7'); exit(3)"])
    assert "code 3" in missing(failing)
    assert "canary-7" not in missing(failing)
    hanging = SecretRef(command=[PYTHON, "-c", "import sys; sys.stdin.read(); input()"])
    assert "ended with code" in missing(hanging)
    sleeping = SecretRef(command=[PYTHON, "-c", "import threading; threading.Event().wait()"])
    assert "within 0.3 s" in missing(sleeping, 0.3)


def test_sources_of_a_configuration() -> None:
    token = SecretRef(env="T")
    environment = Environment(fly=Fly(token=token), postgres=Postgres(dsn="postgresql://x"))
    assert sources_of(environment) == [token, "postgresql://x"]
    assert "postgresql" not in describe("postgresql://x")
