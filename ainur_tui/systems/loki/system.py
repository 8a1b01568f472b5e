"""Connects the streams of a Loki as sources of lines."""

from __future__ import annotations

from ainur_tui.config.types import Environment
from ainur_tui.systems.base import Context
from ainur_tui.systems.logs.sources import checked
from ainur_tui.systems.loki.client import LokiClient
from ainur_tui.systems.loki.logs import LokiSource
from ainur_tui.systems.system import System


def connect(environment: Environment, context: Context) -> System:
    """All its streams; no Loki is as good as one without streams. Raises :class:`ProbeFailure` for
    a stream about a target that has no section, or with the name of another source."""
    section = environment.loki
    if section is None:
        return System("loki", ())
    files = [file.name for file in environment.logs.files]
    streams = checked(section.streams, environment, files)
    token = context.secret(section.token) if section.token is not None else None
    client = LokiClient(section, token, clock=context.clock, redact=context.redact)
    sources = tuple(
        LokiSource(one.name, one.target, one.query, client, context.clock) for one in streams
    )
    return System("loki", (), logs=sources, close=client.close)
