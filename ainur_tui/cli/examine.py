"""What ``doctor`` looks at on this machine itself."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ainur_tui.cli.output import Output

if TYPE_CHECKING:
    from ainur_tui.config.paths import Paths
    from ainur_tui.config.types import Environment

TOOLS = {
    "pg_dump": ("backup", "no backup can be taken"),
    "pg_restore": ("backup", "no backup can be verified by its table of contents"),
    "systemctl": ("node", "the node's unit is not watched and cannot be restarted"),
    "journalctl": ("node", "the node's log lines are not shown"),
}
"""Program → the section that uses it, and what is missing without it."""
ANSWER = 3.0
"""Seconds a program may take to tell its version."""
ROOM = 256 << 20
"""Bytes below which a folder's file system counts as full."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``fail`` is broken, ``warn`` works but not as it should."""

    area: str
    name: str
    state: Literal["ok", "note", "warn", "fail"]
    text: str


def program() -> Iterator[Finding]:
    """What runs."""
    from ainur_tui import __version__

    yield Finding("program", "ainur-tui", "ok", __version__)
    yield Finding("program", "python", "ok", sys.version.split()[0])
    if os.geteuid() == 0:
        yield Finding(
            "program", "user", "warn", "runs as root; an account of its own is enough and safer"
        )


def terminal(output: Output) -> Iterator[Finding]:
    """What the terminal can show."""
    encoding = output.out.encoding or "unknown"
    utf8 = encoding.lower().replace("-", "") == "utf8"
    words = encoding if utf8 else f"{encoding}: the ASCII set is used; set LANG to a UTF-8 locale"
    yield Finding("terminal", "encoding", "ok" if utf8 else "note", words)
    if not output.is_terminal:
        name = os.environ.get("TERM") or "no TERM"
        words = f"not a terminal that can draw ({name}): the console gives a plain report here"
        yield Finding("terminal", "screen", "note", words)
        return
    size = shutil.get_terminal_size()
    small = size.columns < 80 or size.lines < 24
    words = f"{size.columns}×{size.lines}" + (": at 80×24 everything fits" if small else "")
    yield Finding("terminal", "size", "note" if small else "ok", words)
    if os.environ.get("NO_COLOR"):
        color = "none (NO_COLOR)"
    elif os.environ.get("COLORTERM", "") in {"truecolor", "24bit"}:
        color = "24 bit"
    else:
        color = f"as {os.environ.get('TERM')} has them"
    yield Finding("terminal", "colours", "ok", color)


def folders(paths: Paths) -> Iterator[Finding]:
    """Whether state and socket have a safe and writable place."""
    for name, folder in (("state", paths.state_dir), ("runtime", paths.runtime_dir)):
        yield Finding("folders", name, *_folder(folder))


def _folder(folder: Path) -> tuple[Literal["ok", "warn", "fail"], str]:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        above = next(parent for parent in folder.parents if parent.exists())
        if os.access(above, os.W_OK | os.X_OK):
            return "ok", f"{folder}: will be made when it is needed"
        return "fail", f"{folder}: cannot be made, {above} may not be written by you"
    except OSError as error:
        return "fail", f"{folder}: {os.strerror(error.errno or 0).lower()}"
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode) or not stat.S_ISDIR(status.st_mode):
        return "fail", f"{folder}: is not a folder itself; move it away"
    if status.st_uid != os.geteuid():
        return "fail", f"{folder}: belongs to another user; chown it or set another folder"
    if mode & 0o022:
        return "fail", f"{folder}: may be written by others (mode {mode:04o}); chmod 700 it"
    if not os.access(folder, os.W_OK | os.X_OK):
        return "fail", f"{folder}: may not be written by you; without it nothing can be changed"
    if shutil.disk_usage(folder).free < ROOM:
        return "warn", f"{folder}: its file system is nearly full"
    if mode & 0o077:
        return "warn", f"{folder}: others may look into it (mode {mode:04o}); chmod 700 it"
    return "ok", str(folder)


def secrets(environment: Environment) -> Iterator[Finding]:
    """Whether each reference leads to a secret."""
    from ainur_tui.config.secrets import describe, resolve, sources_of
    from ainur_tui.config.types import SecretMissing

    for source in sources_of(environment):
        try:
            resolve(source)
        except SecretMissing as missing:
            yield Finding("secrets", describe(source), "fail", str(missing))
        else:
            yield Finding("secrets", describe(source), "ok", "found")


def tools(environment: Environment | None) -> Iterator[Finding]:
    """The programs that are used, their versions, and what is missing without them."""
    own = environment.tools.path if environment else []
    path = os.pathsep.join([*own, os.environ.get("PATH", os.defpath)])
    for name, (section, without) in TOOLS.items():
        used = environment is None or getattr(environment, section) is not None
        found = shutil.which(name, path=path)
        if found is None:
            words = f"not found: {without}; add its folder to tools.path"
            yield Finding("tools", name, "warn" if used else "note", words)
        else:
            yield Finding("tools", name, "ok", f"{found}{_version(found)}")


def _version(command: str) -> str:
    from ainur_tui.model.text import decode

    try:
        done = subprocess.run(
            [command, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=ANSWER,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ": does not tell its version in time"
    except OSError as error:
        return f": cannot be run ({os.strerror(error.errno or 0).lower()})"
    first = done.stdout.split(b"\n")[0]
    return f": {decode(first, 80)}" if done.returncode == 0 and first else ""
