"""The configuration as types; the loader, the schema and the documentation come from here."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ainur_tui.model.alert import RuleChange, Severity

Seconds = Annotated[float, Meta(ge=0.2, le=3600, description="seconds")]


class SecretMissing(Exception):
    """A secret reference leads nowhere; the text says which and what to do, never a value."""


class SecretRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret is: exactly one of ``env``, ``file``, ``command``."""

    env: str | None = None
    file: str | None = None
    command: list[str] | None = None


SecretSource = SecretRef | str
"""A reference; a literal string is accepted in a 0600 file only, with a warning."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every system's section."""

    interval: Annotated[Seconds, Meta(description="seconds between the runs of its probes")] = 5.0
    timeout: Annotated[Seconds, Meta(description="seconds one run may take in all")] = 5.0


class Api(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    ] = []
    base_path: Annotated[
        str | None, Meta(description="the node's data, if this machine has it; none: --base-path")
    ] = None
    references: Annotated[
        list[str],
        Meta(description="RPC of other nodes of the chain to compare it with", max_length=5),
    ] = []


class Storage(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An S3-compatible object store."""

    endpoint: str
    access_key_id: SecretSource
    secret_access_key: SecretSource
    region: str = "auto"
    patience: Annotated[
        Seconds, Meta(description="seconds a part of a transfer is sent again while it fails")
    ] = 60.0
    buckets: list[str] = []
    probe_bucket: Annotated[
        str | None, Meta(description="bucket for the write probe; none: no write")
    ] = None
    sync: Annotated[
        dict[str, str],
        Meta(description="buckets that are copied by `sync`, each with the bucket of its copy"),
    ] = {}


class Frontend(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The frontend, as its users reach it."""

    url: str
    maintenance_marker: Annotated[
        str, Meta(description="words of the page that is shown during maintenance")
    ] = "maintenance"


class Host(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine the engine runs on."""

    disks: list[str] = msgspec.field(default_factory=lambda: ["/"])


_MOMENT = r"^((mon|tue|wed|thu|fri|sat|sun) )?([01]\d|2[0-3]):[0-5]\d$"


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
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][\w.@-]*$")] | None,
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


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an engine that stays takes and proves backups. Moments are UTC: ``01:00`` daily,
    ``sat 04:30`` weekly, both beside the guide's maintenance window (Sunday 02:00 to 06:00)."""

    backup: Annotated[str, Meta(pattern=_MOMENT, description="when one is taken")] = "01:00"
    verify: Annotated[
        Annotated[str, Meta(pattern=_MOMENT)] | None,
        Meta(description="when the newest is restored and counted; none: never"),
    ] = "sat 04:30"
    prune: Annotated[bool, Meta(description="prune after each backup that was verified")] = False


class Backup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where database backups go. At least one of ``directory`` and ``bucket``."""

    directory: str | None = "/backups/ainur"
    bucket: str | None = None
    prefix: str = "database/"
    scratch: Annotated[
        SecretSource | None,
        Meta(description="DSN of a server where `backup verify` may create and drop a database"),
    ] = None
    admin: Annotated[
        SecretSource | None,
        Meta(
            description="DSN of a role that may create databases for `backup restore`; "
            "none: admin of the postgres section, else its dsn"
        ),
    ] = None
    application: Annotated[
        SecretSource | None,
        Meta(
            description="DSN that the API uses, the value of its secret DATABASE_URL, for `recover`"
            " and the way back: the platform does not tell it"
        ),
    ] = None
    recipients: Annotated[
        list[str],
        Meta(
            description="age public keys (age1…) that every backup is encrypted to; none: it is not"
        ),
    ] = []
    identity: Annotated[
        SecretSource | None,
        Meta(
            description="the age identity (AGE-SECRET-KEY-…) that opens them, for verify and "
            "restore only: create never needs it"
        ),
    ] = None
    schedule: Annotated[
        Schedule | None, Meta(description="when they are taken by themselves; none: never")
    ] = None
    keep_days: Annotated[int, Meta(description="days a backup is kept at least", ge=1)] = 30
    keep_count: Annotated[int, Meta(description="newest backups always kept", ge=1)] = 7


class Incidents(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How incidents are handled; how fast by severity is a matter of ``alerts``."""

    postmortem: Annotated[
        list[Severity], Meta(description="severities that get a post-mortem within 24 hours")
    ] = msgspec.field(default_factory=lambda: ["P1", "P2"])
    bell: Annotated[
        bool, Meta(description="ring the terminal when a P1 or P2 fires without an incident")
    ] = False


class OnCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is on call: one after the other, in turns of equal length."""

    people: Annotated[list[str], Meta(min_length=1, description="in the order of their turns")]
    start: Annotated[
        str,
        Meta(
            pattern=r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(Z|\+00:00)?)?$",
            description="when the first one's first turn began, UTC",
        ),
    ]
    days: Annotated[float, Meta(gt=0, description="how long a turn is")] = 7.0


class ToolPath(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Folders searched before ``PATH`` for pg_dump, systemctl, journalctl."""

    path: list[str] = []


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your own thresholds for a signal, in its unit."""

    warn: float | None = None
    fail: float | None = None


class Prometheus(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Prometheus whose rules and alerts are shown here, and that judges the rule files named."""

    url: Annotated[str, Meta(description="its address, without /api/v1")]
    token: Annotated[
        SecretSource | None, Meta(description="a bearer token, where it asks for one")
    ] = None


class Alertmanager(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An Alertmanager: its alerts are shown here, and ours are sent to it."""

    url: Annotated[str, Meta(description="its address, without /api/v2")]
    token: Annotated[
        SecretSource | None, Meta(description="a bearer token, where it asks for one")
    ] = None
    send: Annotated[bool, Meta(description="send our alerts to it")] = True


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is called when an alert fires."""

    send_to: Annotated[SecretSource, Meta(description="an address apprise knows: mailto://, …")]
    severities: Annotated[list[Severity], Meta(description="those it is told of")] = msgspec.field(
        default_factory=lambda: ["P1", "P2"]
    )
    resolved: Annotated[bool, Meta(description="told when it is over, too")] = True


class Alerts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your own alert rules, changes of ours, and who is told."""

    rules: Annotated[
        list[str], Meta(description="files of rules: ours (.toml) or Prometheus' (.yml, .yaml)")
    ] = []
    disabled: Annotated[list[str], Meta(description="names of rules that are not judged")] = []
    change: Annotated[dict[str, RuleChange], Meta(description="by the rule's name")] = {}
    severity: Annotated[
        dict[str, Severity], Meta(description="what a severity label of others means here")
    ] = {}
    response: Annotated[
        dict[Severity, float], Meta(description="seconds until somebody answers, by severity")
    ] = {}
    update: Annotated[
        dict[Severity, float],
        Meta(description="seconds between two messages to users, by severity"),
    ] = {}
    notify: Annotated[dict[str, Notify], Meta(description="who is called, by a name")] = {}


class Environment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One environment: production, staging, a miniature. Absent sections are simply not watched."""

    name: str = ""
    color: Literal["red", "yellow", "green", "cyan", "blue", "magenta"] = "cyan"
    access: Literal["read", "operate"] = "operate"
    state_dir: str | None = None
    runtime_dir: str | None = None
    resolvers: Annotated[
        list[str],
        Meta(
            description="DNS servers beside this machine's that `doctor` and `recover` ask where "
            "the public names lead; [] asks none",
            max_length=6,
        ),
    ] = msgspec.field(default_factory=lambda: ["1.1.1.1", "8.8.8.8"])
    anchor_dir: Annotated[
        str | None, Meta(description="a second place for the journal's newest hash")
    ] = None
    api: Api | None = None
    fly: Fly | None = None
    postgres: Postgres | None = None
    node: Node | None = None
    storage: Storage | None = None
    frontend: Frontend | None = None
    host: Host | None = Host()
    logs: Logs = Logs()
    loki: Loki | None = None
    backup: Backup | None = None
    prometheus: Prometheus | None = None
    alertmanager: Alertmanager | None = None
    alerts: Alerts = Alerts()
    tools: ToolPath = ToolPath()
    playbooks: Annotated[
        str | None, Meta(description="a folder of your own playbooks; the same name replaces ours")
    ] = None
    incidents: Incidents = Incidents()
    oncall: OnCall | None = None
    needs: Annotated[
        dict[str, list[str]],
        Meta(description="who needs whom; replaces the built-in graph"),
    ] = {}
    thresholds: dict[str, Threshold] = {}

    @property
    def restorer(self) -> SecretSource | None:
        """The role that makes and fills a database: the backup's own, else the writing one, else
        the one that watches."""
        if self.backup is not None and self.backup.admin is not None:
            return self.backup.admin
        return (self.postgres.admin or self.postgres.dsn) if self.postgres is not None else None


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    version: Literal[1] = 1
    default_environment: str | None = None
    environment: dict[str, Environment]
