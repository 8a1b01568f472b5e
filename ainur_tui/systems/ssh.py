"""The system's own OpenSSH, as an argument vector: nobody is asked for anything, a key is there and
the host is a known one."""

from __future__ import annotations

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.base import Context

_SAFE = (
    "BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=10", "ServerAliveInterval=15",
    "ServerAliveCountMax=2", "ClearAllForwardings=yes",
)  # fmt: skip


def argv(context: Context, host: str, *words: str) -> list[str]:
    """The vector that runs ``words`` on a host. The shell at the other end reads them as one text:
    they hold nothing it would take for anything else. Raises ``ProbeFailure`` without an ssh."""
    ssh = context.tools.find("ssh")
    if ssh is None:
        raise ProbeFailure("missing", "no ssh on this machine")
    options = [word for option in _SAFE for word in ("-o", option)]
    return [ssh, "-T", *options, "--", host, *words]
