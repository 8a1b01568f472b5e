"""pg_restore, and the beginning of an archive, which holds its table of contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ainur_tui.model.failure import ActionFailure
from ainur_tui.systems import piping, process
from ainur_tui.systems.process import Redact

_LISTED_WITHIN = 120.0
_MOST = 64 << 20
"""Bytes of definitions that are held in memory."""


@dataclass(frozen=True)
class Archive:
    """``program`` is pg_restore's path, ``head`` that of the beginning, ``env`` the environment,
    which says where the server is. All methods raise ``ActionFailure`` or ``ProbeFailure``."""

    program: str
    head: str
    options: Sequence[str]
    env: Mapping[str, str]
    redact: Redact

    def argv(self, section: str) -> list[str]:
        """The command for a section, but for what it works on."""
        return [self.program, "--format=custom", "--exit-on-error", "--no-password",
                *self.options, f"--section={section}"]  # fmt: skip

    async def apply(self, section: str, into: str, *more: str) -> None:
        """Restore a section's definitions into a database."""
        argv = [*self.argv(section), *more, f"--dbname={into}", self.head]
        async with piping.sink(argv, env=self.env, redact=self.redact) as child:
            well(await child.finish())

    async def shown(self, section: str, how: str) -> str:
        """A section's definitions as a script (``--file=-``) or as a list (``--list``)."""
        ended = await process.run(
            [*self.argv(section), how, self.head], env=self.env, deadline=_LISTED_WITHIN,
            limit=_MOST, redact=self.redact,
        )  # fmt: skip
        well(ended)
        return ended.stdout.decode(errors="replace")


def well(ended: process.Completed) -> None:
    """Raises :class:`ActionFailure` unless pg_restore ended well."""
    if ended.code != 0:
        raise ActionFailure(f"pg_restore ended with {ended.code}: {ended.stderr}")
