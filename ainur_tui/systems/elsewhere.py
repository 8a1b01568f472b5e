"""Whether ports take a connection, asked from another machine: there it may look otherwise than
behind the same firewall. Nothing is installed there; its own Python dials."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems import ssh
from ainur_tui.systems.base import Context
from ainur_tui.systems.process import run

PATIENCE = 30.0
"""Seconds for all of them, the login included."""
_EACH = 3.0
_ANSWER = 64 * 1024
_PYTHON = ("python3", "-I", "-")
_SCRIPT = """\
import json, socket
from concurrent.futures import ThreadPoolExecutor
def dial(one):
    try:
        socket.create_connection(tuple(one), {each}).close()
    except Exception:
        return False
    return True
with ThreadPoolExecutor(64) as pool:
    print(json.dumps(list(pool.map(dial, json.loads({wanted!r})))))
"""


async def dialled(
    place: str, wanted: Sequence[tuple[str, int]], context: Context
) -> dict[tuple[str, int], bool]:
    """Which hosts' ports take a connection from ``place`` (a host for ssh); names are looked up
    there. Raises :class:`~ainur_tui.model.failure.ProbeFailure` where it cannot be told."""
    asked = msgspec.json.encode(wanted).decode()
    script = _SCRIPT.format(each=_EACH, wanted=asked).encode()
    done = await run(
        ssh.argv(context, place, *_PYTHON), stdin=script, env=context.tools.environment,
        deadline=PATIENCE, limit=_ANSWER, redact=context.redact,
    )  # fmt: skip
    if done.code != 0:
        lacks = "it has no python3, " * (done.code == 127)
        raise ProbeFailure("unavailable", f"{lacks}ssh ended ({done.code}) {done.stderr}".strip())
    try:
        last = done.stdout.strip().rpartition(b"\n")[2]
        answers = msgspec.json.decode(last, type=list[bool])
        return dict(zip(wanted, answers, strict=True))
    except (msgspec.DecodeError, ValueError):
        raise ProbeFailure("bad answer", "what it printed is no answer to this") from None
