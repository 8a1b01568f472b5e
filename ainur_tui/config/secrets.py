"""From a reference to a secret: environment variable, file, or a command's output."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ainur_tui.config import safefile
from ainur_tui.config.placeholders import is_placeholder
from ainur_tui.config.types import SecretMissing, SecretRef, SecretSource
from ainur_tui.model.secret import Secret

DEADLINE = 10.0
"""Seconds a secret command may take; it may have to ask an agent, never a person."""


def resolve(
    source: SecretSource,
    variables: Mapping[str, str] = os.environ,
    deadline: float = DEADLINE,
) -> Secret:
    """The secret that ``source`` leads to, without the newline at its end.

    Raises ``SecretMissing`` with a sentence that names the reference, never a value.
    """
    where, value = _value(source, variables, deadline)
    if not value:
        raise SecretMissing(f"{where} is empty; put the secret there")
    if is_placeholder(value):
        raise SecretMissing(f"{where} still holds the guide's stand-in; put the real secret there")
    return Secret(value)


def describe(source: SecretSource) -> str:
    """Where a secret comes from, in words that show nothing of it."""
    if isinstance(source, str):
        return "a value in the configuration file"
    if source.env is not None:
        return f"the environment variable {source.env}"
    if source.file is not None:
        return f"the file {source.file}"
    return f"the command {(source.command or ['?'])[0]}"


def _value(source: SecretSource, variables: Mapping[str, str], deadline: float) -> tuple[str, str]:
    where = describe(source)
    if isinstance(source, str):
        return where, source
    if source.env is not None:
        if source.env not in variables:
            raise SecretMissing(f"{where} is not set; export it before the engine starts")
        return where, variables[source.env].strip("\r\n")
    if source.file is not None:
        return where, _from_file(where, Path(source.file).expanduser())
    return where, _from_command(where, source.command or [], deadline)


def _from_file(where: str, path: Path) -> str:
    try:
        content = safefile.read(path)
    except safefile.Unreadable as error:
        raise SecretMissing(f"{where} {error}") from None
    if not content.private:
        raise SecretMissing(
            f"{where} may be read by others (mode {content.mode:04o}); chmod 600 it"
        )
    if content.loose:
        raise SecretMissing(f"{where} {content.loose}")
    return _text(where, content.data)


def _from_command(where: str, argv: list[str], deadline: float) -> str:
    if not argv:
        raise SecretMissing("a secret reference names neither env, file nor command")
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise SecretMissing(f"{where} cannot be started: {reason}") from None
    try:
        output, _ = child.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        raise SecretMissing(
            f"{where} did not answer within {deadline:g} s; it must not ask a person"
        ) from None
    finally:
        _end(child)
    if child.returncode != 0:
        raise SecretMissing(
            f"{where} ended with code {child.returncode}; run it yourself to see why"
        )
    return _text(where, output)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Leave nothing of the command behind, what it started included."""
    if child.returncode is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.stdout:
        child.stdout.close()


def _text(where: str, data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise SecretMissing(f"{where} gives bytes that are not text") from None
    if len(data) > safefile.LIMIT or "\0" in text:
        raise SecretMissing(f"{where} gives something that cannot be a secret")
    return text.strip("\r\n")


def sources_of(value: object) -> list[SecretSource]:
    """Every secret source in a configuration struct, literals of secret keys included."""
    found: list[SecretSource] = []
    if isinstance(value, dict):
        return [source for item in value.values() for source in sources_of(item)]
    for name in getattr(value, "__struct_fields__", ()):
        item = getattr(value, name)
        if isinstance(item, SecretRef) or (name in SECRET_KEYS and isinstance(item, str)):
            found.append(item)
        else:
            found += sources_of(item)
    return found


SECRET_KEYS = frozenset(
    {
        "token",
        "dsn",
        "access_key_id",
        "secret_access_key",
        "scratch",
        "admin",
        "application",
        "identity",
        "send_to",
    }
)
"""The keys whose type is a secret source."""
