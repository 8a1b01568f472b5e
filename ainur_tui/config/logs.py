"""Where lines of logs come from beside the systems themselves."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ainur_tui.config.common import Seconds, SecretSource, SshHost


class LogStream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines that are followed together."""

    name: Annotated[str, Meta(pattern=r"^[\w.-]{1,32}$", description="what its lines are called")]
    target: Annotated[
        Literal["api", "db", "node", "storage", "frontend", "host"],
        Meta(description="what its lines are about"),
    ] = "host"


class LogFile(LogStream, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A log file to follow: on this machine, or over SSH on another."""

    path: str
    ssh: Annotated[
        SshHost | None,
        Meta(description="host (or user@host) that has it; a known one, by key; none: here"),
    ] = None


class Logs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Log files beside those the other sections tell of."""

    files: list[LogFile] = []


class LokiStream(LogStream, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one LogQL query gives."""

    query: Annotated[str, Meta(pattern=r"^\s*\{", description='{label="value"}, and filters')]


class Loki(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Loki that holds logs of ours."""

    url: Annotated[str, Meta(description="its address, without /loki/api/v1")]
    user: Annotated[
        str | None, Meta(description="user of the token; none: the token is a bearer's")
    ] = None
    token: Annotated[
        SecretSource | None, Meta(description="password or bearer token; none: it asks for none")
    ] = None
    tenant: Annotated[str | None, Meta(description="X-Scope-OrgID, where it has tenants")] = None
    timeout: Annotated[Seconds, Meta(description="seconds one question may take in all")] = 10.0
    streams: Annotated[list[LokiStream], Meta(description="what is followed")] = []
