"""A small configuration and the program on it, in a home of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.fakes import Shell

CONFIG = """
[environment.demo]
state_dir = "state"
runtime_dir = "run"
[environment.demo.postgres]
dsn = { file = "dsn" }
[environment.demo.api]
url = "http://127.0.0.1:1"
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.delenv("AINUR_CONFIG", raising=False)
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    config.chmod(0o600)
    return Shell(config)
