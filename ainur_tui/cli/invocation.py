"""One call of the program: its global options, and what every command needs from them."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ainur_tui.cli.output import Output

if TYPE_CHECKING:
    from ainur_tui.config.load import Loaded
    from ainur_tui.config.paths import Paths
    from ainur_tui.model.secret import Redactor
    from ainur_tui.model.wire import Access, Hello


class Invocation:
    """What the command line said before the command, and the configuration it leads to."""

    def __init__(
        self,
        config: Path | None = None,
        env: str | None = None,
        read_only: bool = False,
        output: Output | None = None,
    ) -> None:
        self.config = config
        self.env = env
        self.read_only = read_only
        self.output = output or Output()

    @cached_property
    def loaded(self) -> Loaded:
        """The environment; raises ``ConfigError``. Warnings are told once, on stderr."""
        from ainur_tui.config.load import load

        found = load(self.config, self.env)
        for warning in found.warnings:
            self.output.tell(f"warning: {warning}")
        return found

    @cached_property
    def paths(self) -> Paths:
        """Where the environment's socket and state are."""
        from ainur_tui.config.paths import paths_for

        return paths_for(self.loaded.environment)

    @property
    def access(self) -> Access:
        """What this call may do; the engine enforces it."""
        return "read" if self.read_only else self.loaded.environment.access

    def hello(self) -> Hello:
        """How this call introduces itself to an engine."""
        from ainur_tui import __version__
        from ainur_tui.model.wire import PROTOCOL, Hello

        return Hello(
            protocol=PROTOCOL,
            version=__version__,
            access=self.access,
            operator=operator(),
            tty=terminal(),
            config=self.loaded.digest,
        )

    def engine_argv(self) -> list[str]:
        """The command that runs this environment's engine."""
        named = ["--config", str(self.loaded.path), "--env", self.loaded.environment.name]
        return [sys.executable, "-m", "ainur_tui", *named, "engine"]

    def redactor(self) -> Redactor:
        """Masks the secrets of the configuration that can be read without asking anybody."""
        from ainur_tui.config.secrets import resolve, sources_of
        from ainur_tui.config.types import SecretMissing
        from ainur_tui.model.secret import Redactor, Secret

        known: list[Secret] = []
        loaded = self.__dict__.get("loaded")
        for source in sources_of(loaded.environment) if loaded else ():
            if isinstance(source, str) or source.command is None:
                try:
                    secret = resolve(source)
                    password = urlsplit(secret.reveal()).password
                except (SecretMissing, ValueError):
                    continue
                known += [
                    secret,
                    *([Secret(password), Secret(unquote(password))] if password else ()),
                ]
        return Redactor(known)


def operator() -> str:
    """Who is at the keyboard, as far as this process can tell; the engine checks the peer."""
    import pwd

    if os.getuid() == 0 and (behind := os.environ.get("SUDO_USER")):
        return behind
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def terminal() -> str:
    """The terminal's name, or nothing."""
    try:
        return os.ttyname(0)
    except OSError:
        return ""
