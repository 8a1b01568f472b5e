"""Connects the log files that the configuration names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context, LogSource, System
from ainur_tui.systems.logs.files import FileSource, RemoteFile

_SECTION = {"db": "postgres"}
_TAKEN = {"api": "fly", "postgres": "postgres", "node": "node"}
"""Names of sources that other sections bring."""


def connect(environment: Environment, context: Context) -> System:
    """All files; none is as good as any number. Raises :class:`ProbeFailure` for a file about a
    target that has no section, a name used twice, or a path that cannot be sent by ssh."""
    return System("logs", (), logs=tuple(_sources(environment, context)))


def _sources(environment: Environment, context: Context) -> Iterator[LogSource]:
    names = {name for name, section in _TAKEN.items() if getattr(environment, section) is not None}
    for file in environment.logs.files:
        section = _SECTION.get(file.target, file.target)
        if getattr(environment, section) is None:
            raise ProbeFailure(
                "internal", f"log {file.name}: its target {file.target} needs the section {section}"
            )
        if file.name in names:
            raise ProbeFailure("internal", f"two log sources are called {file.name}")
        names.add(file.name)
        if file.ssh is not None:
            yield RemoteFile(file.name, file.target, file.ssh, file.path, context)
        else:
            yield FileSource(file.name, file.target, Path(file.path).expanduser(), context.clock)
