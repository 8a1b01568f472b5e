"""From a configuration to connected systems: one that fails costs only itself (S-32)."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from ainur_tui.config.secrets import sources_of
from ainur_tui.config.types import Environment, SecretMissing, SecretSource
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.base import Clock, Context, Tools
from ainur_tui.systems.registry import SYSTEMS, connect
from ainur_tui.systems.system import System

_CHILD_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "SSH_AUTH_SOCK",
                    "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "TMPDIR")  # fmt: skip

_log = logging.getLogger(__name__)

Resolve = Callable[[SecretSource], Secret]
ConnectByName = Callable[[str, Environment, Context], System | None]


class Redaction(Redactor):
    """A redactor that learns each secret as it is resolved; a URL's password counts as one."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: set[Secret] = set()

    def learn(self, secret: Secret) -> None:
        self._secrets.add(secret)
        try:
            password = urlsplit(secret.reveal()).password
        except ValueError:
            password = None
        if password:
            self._secrets |= {Secret(password), Secret(unquote(password))}
        super().__init__(self._secrets)


@dataclass
class Connected:
    """What came of connecting. ``absent`` maps a system's name to what to add or to mend."""

    systems: list[System] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)


class Secrets:
    """Resolves each reference once. A command may take seconds, so all are asked for at once, in
    threads, before the systems are connected."""

    def __init__(self, resolve: Resolve, redact: Redaction) -> None:
        self._resolve = resolve
        self._redact = redact
        self._known: dict[bytes, Secret | SecretMissing] = {}

    async def prepare(self, sources: Iterable[SecretSource]) -> None:
        """Resolve these ahead of time."""
        await asyncio.gather(*(asyncio.to_thread(self._find, source) for source in sources))

    def __call__(self, source: SecretSource) -> Secret:
        """The secret. Raises SecretMissing with a sentence."""
        found = self._find(source)
        if isinstance(found, SecretMissing):
            raise found
        return found

    def _find(self, source: SecretSource) -> Secret | SecretMissing:
        key = msgspec.json.encode(source)
        if key not in self._known:
            try:
                secret = self._resolve(source)
                self._redact.learn(secret)
                self._known[key] = secret
            except SecretMissing as missing:
                self._known[key] = missing
        return self._known[key]


async def connect_all(
    environment: Environment,
    *,
    clock: Clock,
    redact: Redaction,
    resolve: Resolve,
    connect: ConnectByName = connect,
    names: Iterable[str] = SYSTEMS,
    state: Path | None = None,
) -> Connected:
    """Connect every system there is a section for."""
    secrets = Secrets(resolve, redact)
    await secrets.prepare(sources_of(environment))
    context = Context(environment.name, clock, redact, tools_of(environment), secrets, state)
    found = Connected()
    for name in names:
        try:
            system = connect(name, environment, context)
        except (SecretMissing, ProbeFailure) as problem:
            found.absent[name] = clean(redact(str(problem)))
        except Exception as error:  # one system's fault must not cost the others
            _log.exception("connecting %s", name)
            found.absent[name] = (
                f"cannot be connected ({type(error).__name__}); see the engine's log"
            )
        else:
            if system is None:
                where = f"[environment.{environment.name}.{name}]"
                found.absent[name] = f"add {where} to the configuration to watch it"
            else:
                found.systems.append(system)
    return found


async def let_go(systems: Iterable[System]) -> None:
    """End the connections of all; one that does not let go keeps no other from it."""
    for system in systems:
        if system.close is not None:
            try:
                await asyncio.wait_for(system.close(), 2.0)
            except Exception:
                _log.exception("closing %s", system.name)


def tools_of(environment: Environment) -> Tools:
    """Programs on the configured path first; a child's environment holds no secret of ours."""
    own = [os.path.expanduser(folder) for folder in environment.tools.path]
    path = os.pathsep.join([*own, os.environ.get("PATH", os.defpath)])
    kept = {name: os.environ[name] for name in _CHILD_VARIABLES if name in os.environ}
    return Tools(lambda name: shutil.which(name, path=path), kept | {"PATH": path})
