"""What sources of lines are called, and what they may be about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from ainur_tui.config.types import Environment, LogStream
from ainur_tui.model.failure import ProbeFailure

_SECTION = {"db": "postgres"}
_TAKEN = {"api": "fly", "postgres": "postgres", "node": "node"}
"""Names of sources that other sections bring."""


S = TypeVar("S", bound=LogStream)


def checked(sources: Iterable[S], environment: Environment, others: Sequence[str] = ()) -> list[S]:
    """The sources. Raises :class:`ProbeFailure` for one about a target that has no section, or
    with a name that another has (``others``: names of sources beside these)."""
    found: list[S] = []
    names = {name for name, section in _TAKEN.items() if getattr(environment, section) is not None}
    names.update(others)
    for source in sources:
        section = _SECTION.get(source.target, source.target)
        if getattr(environment, section) is None:
            raise ProbeFailure(
                "internal",
                f"log {source.name}: its target {source.target} needs the section {section}",
            )
        if source.name in names:
            raise ProbeFailure("internal", f"two log sources are called {source.name}")
        names.add(source.name)
        found.append(source)
    return found
