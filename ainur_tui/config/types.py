"""The configuration as types; the loader, the schema and the documentation come from here."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ainur_tui.config.backups import Backup, Schedule, Vault
from ainur_tui.config.common import (
    Seconds,
    SecretMissing,
    SecretRef,
    SecretSource,
    Section,
    SshHost,
)
from ainur_tui.config.logs import LogFile, Logs, LogStream, Loki, LokiStream
from ainur_tui.config.people import Alerts, Incidents, Notify, OnCall
from ainur_tui.config.systems import (
    Alertmanager,
    Api,
    Fly,
    Frontend,
    Grafana,
    Host,
    Node,
    Postgres,
    Prometheus,
    Storage,
)

__all__ = [
    "Alertmanager", "Alerts", "Api", "Backup", "Config", "Environment", "Fly", "Frontend",
    "Grafana", "Host", "Incidents", "LogFile", "LogStream", "Logs", "Loki", "LokiStream", "Node",
    "Notify", "OnCall", "Postgres", "Prometheus", "Schedule", "Seconds", "SecretMissing",
    "SecretRef", "SecretSource", "Section", "Storage", "Threshold", "ToolPath",
    "Vault",
]  # fmt: skip


class ToolPath(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Folders searched before ``PATH`` for pg_dump, systemctl, journalctl."""

    path: list[str] = []


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your own thresholds for a signal, in its unit."""

    warn: float | None = None
    fail: float | None = None


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
    outside: Annotated[
        SshHost | None,
        Meta(
            description="host (or user@host) elsewhere, reached by ssh, from which `doctor` looks "
            "which ports answer; none: they are seen from here only"
        ),
    ] = None
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
    grafana: Grafana | None = None
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
