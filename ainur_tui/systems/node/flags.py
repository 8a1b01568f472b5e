"""The node's flags: what its unit starts it with, and what of that has changed. Pure."""

from __future__ import annotations

import re

from ainur_tui.model.secret import MASK, Redactor

_ARGV = re.compile(r"argv\[\]=(.*?) ;")
_SECRET = re.compile(
    r"^(?P<head>-+[\w-]*(?:key|suri|secret|token|password|passwd)(?:=| ))(?P<value>.+)$",
    re.IGNORECASE,
)


def flags_of(exec_start: str) -> list[str]:
    """Program and options of systemd's ``ExecStart`` property, an option with its value as one:
    ``--pruning archive``; the values of keys are masked. Empty where it tells no command."""
    found = _ARGV.search(exec_start)
    joined: list[str] = []
    for word in found[1].split() if found else ():
        takes = joined and joined[-1].startswith("-") and not {" ", "="} & set(joined[-1])
        if takes and not word.startswith("-"):
            joined[-1] += f" {word}"
        else:
            joined.append(word)
    return [_SECRET.sub(rf"\g<head>{MASK}", one) for one in joined]


def difference(before: list[str], after: list[str], redact: Redactor) -> str:
    """What came and went, in words; empty where nothing did."""
    came = [one for one in after if one not in before]
    went = [one for one in before if one not in after]
    told = [f"added {redact(' '.join(came))}"] if came else []
    return ", ".join([*told, *([f"removed {redact(' '.join(went))}"] if went else [])])
