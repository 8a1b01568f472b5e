"""Where an environment's socket, state and journal are (XDG base directories)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ainur_tui.config.types import Environment

PROGRAM = "ainur-tui"


@dataclass(frozen=True)
class Paths:
    """The two folders of one environment (0700; files in them 0600) and what stands in them.

    ``anchor_dir`` is where the journal's newest hash is kept, if not beside the journal: whoever
    can put an older state in the place of this one cannot reach it there.
    """

    runtime_dir: Path
    state_dir: Path
    anchor_dir: Path | None = None

    @property
    def socket(self) -> Path:
        return self.runtime_dir / "engine.sock"

    @property
    def lock(self) -> Path:
        return self.runtime_dir / "engine.lock"

    @property
    def pid(self) -> Path:
        return self.runtime_dir / "engine.pid"

    @property
    def log(self) -> Path:
        return self.state_dir / "engine.log"

    @property
    def history(self) -> Path:
        return self.state_dir / "history.sqlite"

    @property
    def playbooks(self) -> Path:
        """Playbooks that go on, and the last that ended."""
        return self.state_dir / "playbooks.json"

    @property
    def journal(self) -> Path:
        return self.state_dir / "journal.jsonl"

    @property
    def head(self) -> Path:
        return (self.anchor_dir or self.state_dir) / "journal.head"

    @property
    def incidents(self) -> Path:
        """The record of incidents, and a folder of evidence for each."""
        return self.state_dir / "incidents"

    @property
    def needs(self) -> Path:
        """Who needs whom, where that was edited in the console; wins over the configuration."""
        return self.state_dir / "needs.json"

    @property
    def attention(self) -> Path:
        """Who acknowledged which alert, and what is silenced."""
        return self.state_dir / "attention.json"


def config_file(variables: Mapping[str, str] = os.environ) -> Path:
    """The configuration's usual place; ``AINUR_CONFIG`` names another."""
    if named := variables.get("AINUR_CONFIG"):
        return Path(named).expanduser()
    return _base(variables, "XDG_CONFIG_HOME", ".config") / PROGRAM / "config.toml"


def state_root(variables: Mapping[str, str] = os.environ) -> Path:
    """The folder above every environment's state; crash files go there."""
    return _base(variables, "XDG_STATE_HOME", ".local/state") / PROGRAM


def paths_for(environment: Environment, variables: Mapping[str, str] = os.environ) -> Paths:
    """The paths of an environment; its ``state_dir`` and ``runtime_dir`` win over XDG's."""
    runtime = (
        Path(environment.runtime_dir).expanduser()
        if environment.runtime_dir
        else _runtime_root(variables) / environment.name
    )
    state = (
        Path(environment.state_dir).expanduser()
        if environment.state_dir
        else state_root(variables) / environment.name
    )
    anchor = Path(environment.anchor_dir).expanduser() if environment.anchor_dir else None
    return Paths(runtime, state, anchor / environment.name if anchor else None)


def _base(variables: Mapping[str, str], name: str, otherwise: str) -> Path:
    """An XDG folder; relative values are ignored, as the specification asks."""
    found = Path(variables.get(name, ""))
    return found if found.is_absolute() else Path(variables.get("HOME") or Path.home()) / otherwise


def _runtime_root(variables: Mapping[str, str]) -> Path:
    found = Path(variables.get("XDG_RUNTIME_DIR", ""))
    if found.is_absolute():
        return found / PROGRAM
    return Path(tempfile.gettempdir()) / f"{PROGRAM}-{os.getuid()}"
