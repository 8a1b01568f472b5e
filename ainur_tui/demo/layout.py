"""What a miniature consists of: ports, directories, spec files, processes, endpoints."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ainur_tui.demo import credentials

ROLES = {
    credentials.MONITOR_ROLE: "postgres-url",
    credentials.ADMIN_ROLE: "postgres-admin-url",
    credentials.APP_ROLE: "postgres-app-url",
}
FOLDERS = ("log", "secrets", "state", "run", "bin", "backups")
API_APP, DATABASE_APP = "zerostate-api", "ainur-db"
IMAGE = "registry.fly.io/{app}:deployment-01KAV8E5Q5M2Y5T7RZC9N3WDXH"
MACHINES = 2
BLOCK_TIME = 2
PORTS = (
    "fly", "api", "postgres", "units", "node", "node_metrics", "s3", "frontend", "loki", "faults",
    "alertmanager", "frontend_https", "api_https",
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """One miniature in one directory."""

    directory: Path
    seed: int
    ports: Mapping[str, int]

    def url(self, name: str, scheme: str = "http") -> str:
        """The base URL of a port of that name."""
        return f"{scheme}://127.0.0.1:{self.ports[name]}"

    def command(self, module: str, *words: object) -> list[str]:
        """A process of the miniature; its directory is in every command line."""
        place = ["--dir", str(self.directory)]
        return [sys.executable, "-m", f"ainur_tui.demo.{module}", *place, *map(str, words)]

    def make(self) -> None:
        """Make directories, secrets and spec files. Faults of a former life are cleared."""
        from ainur_tui.demo import tls

        for name in FOLDERS:
            (self.directory / name).mkdir(mode=0o700, exist_ok=True)
        credentials.make(self.directory)
        tls.authority(self.directory)
        for role, name in ROLES.items():
            url = credentials.url(self.directory, role, self.ports["postgres"])
            credentials.write(self.directory / "secrets" / name, url)
        (self.directory / "faults.json").unlink(missing_ok=True)
        for name, spec in (("fly", self._fly()), ("units", self._units())):
            credentials.write(self.directory / f"{name}.json", json.dumps(spec, indent=2))

    def processes(self) -> dict[str, list[str]]:
        """The supervisor's children by name, in the order they are started."""
        ports = self.ports
        database = ("--database-port", ports["postgres"])
        behind = ("--https-port", ports["frontend_https"], "--api", self.url("api"),
                  "--loki", self.url("loki"))  # fmt: skip
        return {
            "fly": self.command("fly"),
            "units": self.command("units"),
            "store": self.command("store", "--port", ports["s3"]),
            "loki": self.command("loki", "--port", ports["loki"]),
            "frontend": self.command("frontend", "--port", ports["frontend"], *behind),
            "alertmanager": self.command("alertmanager", "--port", ports["alertmanager"]),
            "dbfaults": self.command("dbfaults", *database),
            "workload": self.command(
                "workload", "--api", self.url("api"), *database, "--seed", self.seed
            ),
        }

    def endpoints(self, machines: list[str]) -> dict[str, Any]:
        """Where everything is, as the contract's first line says it."""
        return {
            "api": self.url("api"),
            "api_https": self.url("api_https", "https"),
            "api_machines": machines,
            "fly": self.url("fly"),
            "postgres": credentials.url(
                self.directory, credentials.MONITOR_ROLE, self.ports["postgres"]
            ),
            "node_http": self.url("node"),
            "node_ws": self.url("node", "ws"),
            "node_metrics": self.url("node_metrics") + "/metrics",
            "s3": self.url("s3"),
            "frontend": self.url("frontend"),
            "frontend_https": self.url("frontend_https", "https"),
            "loki": self.url("loki"),
            "faults": self.url("faults"),
            "alertmanager": self.url("alertmanager"),
        }

    def _fly(self) -> dict[str, Any]:
        secret = credentials.read
        guest = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512}
        common = {"region": "sjc", "guest": guest}
        api = {
            "name": API_APP,
            "proxy_port": self.ports["api"],
            "proxy_tls_port": self.ports["api_https"],
            "image": IMAGE.format(app=API_APP),
            "count": MACHINES,
            "internal_port": None,
            "command": self.command("api"),
            "check": {"type": "http", "path": "/health"},
            "hostnames": ["api.ainur.example"],
            "env": {
                "ENABLE_METRICS": "true",
                "ENABLE_TRACING": "false",
                "HOST": "127.0.0.1",
                "ORCHESTRATOR_WORKERS": "5",
                "CHAIN_RPC_URL": self.url("node"),
            },
            "secrets": {
                "DATABASE_URL": credentials.url(
                    self.directory, credentials.APP_ROLE, self.ports["postgres"]
                ),
                "R2_ENDPOINT": self.url("s3"),
                "R2_BUCKET_NAME": "ainur-agents-prod",
                "R2_ACCESS_KEY_ID": secret(self.directory, "s3-access-key"),
                "R2_SECRET_ACCESS_KEY": secret(self.directory, "s3-secret-key"),
            },
        }
        database = {
            "name": DATABASE_APP,
            "proxy_port": None,
            "image": IMAGE.format(app=DATABASE_APP),
            "count": 1,
            "internal_port": self.ports["postgres"],
            "command": self.command("database", "--seed", self.seed),
            "check": {"type": "tcp"},
            "volumes": [
                {
                    "name": "pg_data",
                    "size_gb": 3,
                    "path": "/data",
                    "directory": str(self.directory / "postgres" / "data"),
                }
            ],
            "env": {},
        }
        return {
            "port": self.ports["fly"],
            "token_file": str(self.directory / "secrets" / "fly-token"),
            "org": "ainur",
            # The database first: it takes longest to be ready.
            "apps": [database | common, api | common],
        }

    def _units(self) -> dict[str, Any]:
        node = self.command(
            "node", "--rpc-port", self.ports["node"], "--metrics-port", self.ports["node_metrics"],
            "--block-time", BLOCK_TIME, "--seed", self.seed,
            "--validator", "--chain", "ainur-testnet-raw.json", "--port", 30333,
            "--rpc-cors", "all", "--in-peers", 50, "--out-peers", 50, "--db-cache", 1024,
            "--base-path", self.directory / "node",
        )  # fmt: skip
        return {
            "port": self.ports["units"],
            "units": {"ainur-node": {"command": node, "env": {}}},
        }


def free_ports() -> dict[str, int]:
    """A free port for each name, all different."""
    with ExitStack() as stack:
        found = {}
        for name in PORTS:
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            found[name] = int(probe.getsockname()[1])
        return found
