"""Connects the log files that the configuration names."""

from __future__ import annotations

from pathlib import Path

from ainur_tui.config.types import Environment, LogFile
from ainur_tui.systems.base import Context
from ainur_tui.systems.logs.files import FileSource, RemoteFile
from ainur_tui.systems.logs.sources import checked
from ainur_tui.systems.logsource import LogSource
from ainur_tui.systems.system import System


def connect(environment: Environment, context: Context) -> System:
    """All files; none is as good as any number. Raises :class:`ProbeFailure` for a file about a
    target that has no section, a name used twice, or a path that cannot be sent by ssh."""
    files = checked(environment.logs.files, environment)
    return System("logs", (), logs=tuple(_source(file, context) for file in files))


def _source(file: LogFile, context: Context) -> LogSource:
    if file.ssh is not None:
        return RemoteFile(file.name, file.target, file.ssh, file.path, context)
    return FileSource(file.name, file.target, Path(file.path).expanduser(), context.clock)
