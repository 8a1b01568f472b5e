"""Playbook runs on the disk: one file, replaced whole and fsynced at every change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ainur_tui.config import safefile
from ainur_tui.model.playbook import Playbook, PlaybookRun
from ainur_tui.model.text import clean
from ainur_tui.rules.playbooks.file import parse

MOST_ENDED = 50
LARGEST = 64 << 20
"""Bytes of the file at most: every run has its whole playbook in it."""


class _File(msgspec.Struct, kw_only=True):
    version: int = 1
    runs: list[PlaybookRun] = []


def load(path: Path) -> tuple[list[PlaybookRun], str | None]:
    """The runs, oldest first, and the sentence why they cannot be read. What cannot be read is set
    aside under another name, never written over."""
    if not path.exists():
        return [], None
    try:
        found = msgspec.json.decode(safefile.read(path, LARGEST).data, type=_File)
        if found.version == 1:
            return found.runs, None
        problem = "is of a newer version"
    except (safefile.Unreadable, msgspec.DecodeError) as error:
        problem = f"cannot be used ({type(error).__name__})"
    aside = path.with_name(f"{path.name}.bad")
    try:
        path.replace(aside)
    except OSError:
        return [], f"{path} {problem}; playbooks begin anew"
    return [], f"{path} {problem}; it is kept as {aside.name}, playbooks begin anew"


def own(folder: Path) -> tuple[list[Playbook], list[str]]:
    """The playbooks of a folder, and a sentence for each file that is none. A file that others may
    change is refused: what it asks for would be done in the operator's name."""
    found, problems = [], []
    for path in sorted(folder.glob("*.toml")):
        try:
            content = safefile.read(path)
            if content.loose is not None:
                raise safefile.Unreadable(content.loose)
            found.append(parse(content.data.decode()))
        except (safefile.Unreadable, ValueError) as error:
            words = clean(error, 160)
            problems.append(f"{path.name} {words}; see ainur-tui playbook check {path}")
    return found, problems


def worth(runs: Mapping[str, PlaybookRun]) -> dict[str, PlaybookRun]:
    """All that go on and the newest that ended, in the order they have."""
    ended = [run.id for run in runs.values() if run.state != "running"]
    old = set(ended[: max(0, len(ended) - MOST_ENDED)])
    return {id: run for id, run in runs.items() if id not in old}


async def save(path: Path, runs: Sequence[PlaybookRun]) -> None:
    """Keep them; on the disk when this returns. Raises ``OSError``."""
    data = msgspec.json.encode(_File(runs=list(runs)))
    await asyncio.to_thread(safefile.replace, path, data)
