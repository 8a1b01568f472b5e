"""The systems that are watched, a section each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ainur_tui.config.common import Seconds, SecretSource, Section


class Web(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is reached over HTTPS."""

    ca_file: Annotated[
        str | None,
        Meta(description="PEM file of the one authority trusted here; none: this machine's"),
    ] = None

    @property
    def authority(self) -> Path | None:
        """The file of the one authority that is trusted, if there is one."""
        return Path(self.ca_file) if self.ca_file else None


class Api(Web, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The API service, as its users reach it."""

    url: Annotated[str, Meta(description="base URL of the service")]
    pool_size: Annotated[
        int, Meta(description="database connections one machine may open", ge=1)
    ] = 25
    pprof: Annotated[
        str | None, Meta(description="Go's profiler through a tunnel: http://127.0.0.1:8080")
    ] = None


class Fly(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Fly Machines platform."""

    app: str = "zerostate-api"
    database_app: str | None = "ainur-db"
    url: Annotated[str, Meta(description="Machines API, without /v1")] = "https://api.machines.dev"
    web_url: Annotated[str, Meta(description="web API: releases and logs")] = "https://api.fly.io"
    prometheus_url: Annotated[
        str | None, Meta(description="the platform's Prometheus, up to /api/v1; none: not asked")
    ] = None
    flags: Annotated[
        list[str], Meta(description="secrets that are feature flags (true or false)")
    ] = msgspec.field(default_factory=lambda: ["ENABLE_AUCTION_SYSTEM", "MAINTENANCE_MODE"])
    token: SecretSource


class Postgres(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PostgreSQL. The role should have ``pg_monitor``."""

    dsn: SecretSource
    admin: Annotated[
        SecretSource | None,
        Meta(
            description="DSN of a role that may change the same database: maintenance, settings, "
            "the monitoring role, and `backup restore` where backup.admin is not set"
        ),
    ] = None
    log_file: str | None = None
    memory: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="GiB of memory of its machine; none: known where it runs here"),
    ] = None
    cores: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="cores of its machine")
    ] = None
    disk: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="GiB of its volume, for `report capacity`; none: no dates"),
    ] = None


class Node(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Substrate node and its systemd unit."""

    rpc: Annotated[list[str], Meta(description="RPC endpoints, tried in order")]
    metrics: str | None = None
    unit: str | None = "ainur-node"
    block_time: Annotated[float, Meta(description="seconds between blocks", gt=0)] = 6.0
    genesis: str | None = None
    public_rpc: Annotated[
        list[str],
        Meta(description="RPC as the world reaches it: no unsafe method answers", max_length=5),
    ] = msgspec.field(default_factory=list)
    base_path: Annotated[
        str | None, Meta(description="the node's data, if this machine has it; none: --base-path")
    ] = None
    references: Annotated[
        list[str],
        Meta(description="RPC of other nodes of the chain to compare it with", max_length=5),
    ] = msgspec.field(default_factory=list)


class Storage(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An S3-compatible object store."""

    endpoint: str
    access_key_id: SecretSource
    secret_access_key: SecretSource
    region: str = "auto"
    patience: Annotated[
        Seconds, Meta(description="seconds a part of a transfer is sent again while it fails")
    ] = 60.0
    buckets: list[str] = msgspec.field(default_factory=list)
    probe_bucket: Annotated[
        str | None, Meta(description="bucket for the write probe; none: no write")
    ] = None
    sync: Annotated[
        dict[str, str],
        Meta(description="buckets that are copied by `sync`, each with the bucket of its copy"),
    ] = msgspec.field(default_factory=dict)


class Frontend(Web, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The frontend, as its users reach it."""

    url: str
    maintenance_marker: Annotated[
        str, Meta(description="words of the page that is shown during maintenance")
    ] = "maintenance"


class Host(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine the engine runs on."""

    disks: list[str] = msgspec.field(default_factory=lambda: ["/"])


class Judge(Web, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another judge of alerts, over HTTP."""

    url: Annotated[str, Meta(description="its address, without /api; a path before it belongs")]
    user: Annotated[
        str | None, Meta(description="user of the token; none: the token is a bearer's")
    ] = None
    token: Annotated[
        SecretSource | None, Meta(description="password or bearer token; none: it asks for none")
    ] = None


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A saved PromQL query of your own."""

    expr: Annotated[str, Meta(min_length=1, max_length=4000)]
    title: str = ""
    unit: Annotated[
        Literal["", "count", "ratio", "s", "ms", "B", "/s", "B/s", "days"],
        Meta(description="what its values are: B bytes, ratio 0 to 1, s seconds"),
    ] = ""


class Prometheus(Judge, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Prometheus whose rules and alerts are shown here, and that judges the rule files named."""

    queries: Annotated[
        dict[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")], Query],
        Meta(description="saved queries by name; the same name replaces one of the guide's"),
    ] = msgspec.field(default_factory=dict)


class Alertmanager(Judge, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An Alertmanager: its alerts are shown here, and ours are sent to it."""

    send: Annotated[
        bool, Meta(description="send our alerts and silences to it; a Prometheus sends its own")
    ] = True


class Grafana(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the guide's dashboards are: their addresses are copied, nothing is read there."""

    url: Annotated[str, Meta(description="its address, as a browser of yours reaches it")]
    dashboards: Annotated[
        dict[str, str], Meta(description="path of each dashboard, by the name it is offered under")
    ] = msgspec.field(
        default_factory=lambda: {
            "System overview": "/d/system-overview",
            "API performance": "/d/api-performance",
            "Database": "/d/database",
            "Blockchain": "/d/blockchain",
        }
    )

    @property
    def links(self) -> dict[str, str]:
        """The address of each dashboard, by its name."""
        return {name: self.url.rstrip("/") + path for name, path in self.dashboards.items()}
