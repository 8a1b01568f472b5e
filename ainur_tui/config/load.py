"""From a TOML file to one environment, or to everything that is wrong with the file."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ainur_tui.config import checks, safefile
from ainur_tui.config.locate import Lines
from ainur_tui.config.paths import config_file
from ainur_tui.config.placeholders import placeholder_in
from ainur_tui.config.problem import ConfigError, Problem
from ainur_tui.config.shape import Fault, faults
from ainur_tui.config.types import Config, Environment
from ainur_tui.model.text import clean, near

SECTIONS = ("api", "fly", "postgres", "node", "storage", "frontend", "backup", "prometheus",
            "alertmanager")  # fmt: skip
_PATH_KEYS = {
    "file", "log_file", "state_dir", "runtime_dir", "anchor_dir", "directory", "path", "disks",
    "playbooks", "rules", "ca_file",
}  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """One environment of a file that has no problem. ``digest`` changes with the file;
    ``warnings`` are sentences for people."""

    environment: Environment
    path: Path
    digest: str
    warnings: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A configuration file that has no problem."""

    path: Path
    content: bytes
    data: dict[str, Any]
    lines: Lines

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of its environments, in the order of the file."""
        return tuple(self.data["environment"])

    def environment(self, name: str | None = None) -> Loaded:
        """``name``, else the file's default, else the only one; raises :class:`ConfigError`."""
        chosen = _choose(self.path, self.data, name)
        section = dict(self.data["environment"][chosen])
        warnings = [
            f"{self._place(at)} holds a secret as plain text; name an env, file or command instead"
            for at in checks.literal_secrets(self.data)
        ]
        warnings += [
            f"{self._place(at)} = {moment!r} falls into the guide's maintenance window (Sunday"
            " 02:00 to 06:00 UTC): move it, 01:00 is before it"
            for at, moment in checks.in_the_window(self.data)
        ]
        for key in SECTIONS:
            inner = placeholder_in(section.get(key))
            if inner is None:
                continue
            place = self._place(("environment", chosen, key, *inner.split(".")))
            warnings.append(
                f"{place} still holds the guide's stand-in; {key} counts as not configured"
            )
            del section[key]
        environment = msgspec.convert(_absolute(section, self.path.parent), Environment)
        return Loaded(
            environment=msgspec.structs.replace(environment, name=chosen),
            path=self.path,
            digest=hashlib.sha256(self.content + chosen.encode()).hexdigest()[:16],
            warnings=tuple(warnings),
            environments=self.environments,
        )

    def _place(self, at: tuple[str, ...]) -> str:
        return f"{self.path}:{self.lines.of(at)}: {'.'.join(at)}"


def load(path: Path | None = None, name: str | None = None) -> Loaded:
    """Read the configuration and choose an environment: ``name``, else the file's default, else
    the only one. Raises :class:`ConfigError` with every problem at once."""
    return read(path).environment(name)


def read(path: Path | None = None) -> File:
    """Read the whole file. Raises :class:`ConfigError` with every problem at once."""
    path = (path or config_file()).expanduser().absolute()
    content, data, lines = _parse(path)
    found = list(faults(data, Config)) or list(checks.check(data))
    problems = _problems(path, lines, found)
    problems += _access_problems(path, data, content, lines)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line))
    return File(path, content.data, data, lines)


def _parse(path: Path) -> tuple[safefile.Content, dict[str, Any], Lines]:
    try:
        content = safefile.read(path)
    except safefile.Unreadable as error:
        hint = "; write one with: ainur-tui config init" if "not exist" in str(error) else ""
        raise ConfigError([Problem(str(path), 0, "", f"{error}{hint}")]) from None
    try:
        text = content.data.decode("utf-8-sig")
        return content, tomllib.loads(text), Lines(text)
    except UnicodeDecodeError as error:
        line = content.data.count(b"\n", 0, error.start) + 1
        message = "this line is not UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = int(place[1]) if place else content.data.count(b"\n") + 1
        message = f"this is not TOML: {clean(str(error).split(' (at ')[0], 120)}"
    except RecursionError:
        line, message = 0, "this is not TOML we accept: it is nested too deeply"
    raise ConfigError([Problem(str(path), line, "", message)])


def _problems(path: Path, lines: Lines, found: Iterable[Fault]) -> list[Problem]:
    return [
        Problem(
            str(path),
            lines.of(fault.at),
            clean(".".join(fault.at), 120),
            fault.message,
            tuple(fault.near),
        )
        for fault in found
    ]


def _access_problems(
    path: Path, data: dict[str, Any], content: safefile.Content, lines: Lines
) -> list[Problem]:
    """Secrets are taken only from a file that nobody else can change, literals only from one that
    nobody else can read (F-37)."""
    try:
        literals, secrets = list(checks.literal_secrets(data)), checks.has_secrets(data)
    except AttributeError:
        return []
    problems = []
    if secrets and content.loose:
        problems.append(
            Problem(str(path), 0, "", f"its secrets are refused because it {content.loose}")
        )
    if literals and not content.private:
        problems += [
            Problem(
                str(path),
                lines.of(at),
                ".".join(at),
                f"a secret stands here in plain text and others may read the file"
                f" (mode {content.mode:04o}); name an env, file or command, or chmod 600 the file",
            )
            for at in literals
        ]
    return problems


def _choose(path: Path, data: dict[str, Any], name: str | None) -> str:
    names: list[str] = list(data["environment"])
    chosen: str | None = name or data.get("default_environment")
    if chosen is None and len(names) == 1:
        return names[0]
    if chosen is not None and chosen in names:
        return chosen
    listed = ", ".join(names)
    message = (
        f"there are several environments ({listed}); choose one with --env"
        " or set default_environment"
        if chosen is None
        else f"there is no environment {clean(chosen, 40)}; there is {listed}"
    )
    close = tuple(near(chosen, names)) if chosen else ()
    raise ConfigError([Problem(str(path), 0, "", message, close)])


def _absolute(value: Any, folder: Path, key: str = "") -> Any:
    """Paths in the file are relative to it, and ``~`` is the user's home."""
    if isinstance(value, dict):
        return {name: _absolute(item, folder, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_absolute(item, folder, key) for item in value]
    if isinstance(value, str) and value and key in _PATH_KEYS:
        return str(folder / Path(value).expanduser())
    return value
