"""Values of secret parameters: from a variable, a file, standard input or an unseen prompt, never
from the arguments of a command, which every user of the machine can read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ainur_tui.cli import errors
from ainur_tui.config.types import SecretMissing, SecretRef

if TYPE_CHECKING:
    from ainur_tui.cli.invocation import Invocation
    from ainur_tui.model.action import ActionSpec
    from ainur_tui.model.secret import Secret

WAYS = "NAME=env:VARIABLE, NAME=file:PATH or NAME=- (standard input)"
LONGEST = 1 << 20
"""Characters taken from standard input."""


def sources(words: list[str]) -> dict[str, SecretRef | None]:
    """``NAME=SOURCE`` words as references (``None``: standard input). Raises a usage error, which
    repeats nothing of a source: somebody may have typed the value itself there."""
    found: dict[str, SecretRef | None] = {}
    for word in words:
        name, _, source = word.partition("=")
        way, _, where = source.partition(":")
        if name in found:
            raise errors.usage(f"the secret {name} is given twice")
        if name and source == "-":
            if None in found.values():
                raise errors.usage("standard input holds one secret, not two")
            found[name] = None
        elif name and way == "env" and where:
            found[name] = SecretRef(env=where)
        elif name and way == "file" and where:
            found[name] = SecretRef(file=where)
        else:
            raise errors.usage(f"--secret wants {WAYS}; a value itself never stands there")
    return found


def values(
    call: Invocation, spec: ActionSpec, given: dict[str, SecretRef | None]
) -> dict[str, str]:
    """The values for ``spec``; what it needs and nobody gave is asked for, unseen, at a terminal.
    Raises a usage error, or ``Stop`` where a source leads nowhere."""
    from ainur_tui.cli import asking

    kinds = {param.name: param for param in spec.params if param.type == "secret"}
    for name in given:
        if name not in kinds:
            raise errors.unknown(f"secret of {spec.name}:", name, list(kinds))
    found = {name: _value(source).reveal() for name, source in given.items()}
    for name, param in kinds.items():
        if param.required and name not in found:
            if not asking.possible():
                raise errors.usage(f"{spec.name} needs --secret {name}=… ({WAYS})")
            found[name] = asking.unseen(call, f"{name} ({param.help}), not shown: ")
    return found


def _value(source: SecretRef | None) -> Secret:
    from ainur_tui.config.secrets import resolve
    from ainur_tui.model.secret import Secret

    if source is not None:
        try:
            return resolve(source)
        except SecretMissing as missing:
            raise errors.Stop(str(missing), errors.USAGE) from None
    text = sys.stdin.read(LONGEST + 1) if sys.stdin is not None else ""
    value = text.strip("\r\n")
    if not value or "\0" in value or len(text) > LONGEST:
        raise errors.usage("standard input holds no secret")
    return Secret(value)
