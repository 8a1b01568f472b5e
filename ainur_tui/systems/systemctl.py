"""systemd units through ``systemctl``: what they are, and start, stop, restart."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Literal

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.model.text import clean, decode
from ainur_tui.systems.base import Context
from ainur_tui.systems.process import Completed, run

PROPERTIES = (
    "LoadState", "ActiveState", "SubState", "MainPID", "NRestarts", "Result", "UnitFileState",
    "ActiveEnterTimestamp", "MemoryCurrent", "Description",
)  # fmt: skip

COMMAND = "ExecStart"
"""The property that tells with which words the unit is started."""
LONGEST = 2000

Verb = Literal["start", "stop", "restart"]

_UNIT = re.compile(r"[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,250}")
_PRIVILEGE = re.compile(
    r"access denied|authentication (?:is )?required|not permitted|permission denied|must be root"
    r"|a password is required|not allowed to|may not run sudo|not in the sudoers",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(r"not found|could not be found|not loaded|no such", re.IGNORECASE)
_NO_SYSTEMD = re.compile(r"not been booted with systemd|failed to connect to bus", re.IGNORECASE)


def check_unit(unit: str) -> str:
    """The unit's name as configured; raises :class:`ProbeFailure` for what cannot be one."""
    if not _UNIT.fullmatch(unit):
        raise ProbeFailure("internal", f"not the name of a systemd unit: {clean(unit, 80)}")
    return unit


class Systemctl:
    """``systemctl`` for one unit. Failures are :class:`ProbeFailure` in words for operators."""

    def __init__(self, unit: str, context: Context) -> None:
        self.unit = unit
        self._context = context

    @property
    def program(self) -> str | None:
        """Where systemctl is, or ``None`` on a machine without it."""
        return self._context.tools.find("systemctl")

    async def show(self, deadline: float, properties: Sequence[str] = PROPERTIES) -> dict[str, str]:
        """The unit's properties as clean text; ``deadline`` in seconds.

        Raises :class:`ProbeFailure` ``missing`` for an unknown unit or no systemctl.
        """
        done = await self._run(
            ["show", self.unit, "--no-pager", f"--property={','.join(properties)}"], deadline
        )
        if done.code != 0:
            raise self._failure(done, "show")
        pairs = (line.partition(b"=") for line in done.stdout.splitlines())
        found = {decode(name, 60): decode(value, LONGEST) for name, mark, value in pairs if mark}
        if found.get("LoadState") == "not-found":
            raise ProbeFailure("missing", f"unit {self.unit} not found")
        return found

    async def act(self, verb: Verb, deadline: float) -> None:
        """Start, stop or restart the unit and wait for systemd's answer; through ``sudo -n``, which
        asks for no password, where this user may not.

        Raises :class:`ActionFailure`; a deadline passed means that the outcome is not known.
        """
        words = [verb, self.unit, "--no-ask-password"]
        try:
            done = await self._run(words, deadline)
            if done.code != 0 and _PRIVILEGE.search(done.stderr) and self._sudo:
                done = await self._run(words, deadline, sudo=[self._sudo, "-n", "--"])
        except ProbeFailure as failure:
            raise ActionFailure(str(failure)) from None
        if done.code != 0:
            raise ActionFailure(str(self._failure(done, verb)))

    async def rights(self, verb: Verb, deadline: float) -> str:
        """How the unit would be changed, in words; nothing is done and no password is kept."""
        if os.geteuid() == 0:
            return "systemctl runs as root"
        if self._sudo is not None:
            words = [verb, self.unit, "--no-ask-password"]
            done = await self._run(words, deadline, sudo=[self._sudo, "-n", "-l", "--"])
            if done.code == 0:
                return "sudo -n runs systemctl: its rule asks for no password"
        return "only where polkit allows it to this user: sudo has no rule without a password"

    @property
    def _sudo(self) -> str | None:
        return None if os.geteuid() == 0 else self._context.tools.find("sudo")

    async def _run(
        self, words: list[str], deadline: float, *, sudo: Sequence[str] = ()
    ) -> Completed:
        program = self.program
        if program is None:
            raise ProbeFailure("missing", "no systemctl on this machine")
        check_unit(self.unit)
        return await run(
            [*sudo, program, *words],
            env=self._context.tools.environment,
            deadline=deadline,
            limit=64 * 1024,
            redact=self._context.redact,
        )

    def _failure(self, done: Completed, verb: str) -> ProbeFailure:
        said = clean(done.stderr, 300)
        if _NO_SYSTEMD.search(said):
            return ProbeFailure("missing", "systemd does not run on this machine")
        if _PRIVILEGE.search(said):
            rule = f"NOPASSWD: {self.program} {verb} {self.unit} --no-ask-password"
            words = f"{verb} {self.unit} needs privilege (polkit, or in sudoers {rule}): {said}"
            return ProbeFailure("forbidden", words)
        if _NOT_FOUND.search(said):
            return ProbeFailure("missing", f"unit {self.unit} not found")
        return ProbeFailure("unavailable", f"systemctl {verb} ended with {done.code}: {said}")
