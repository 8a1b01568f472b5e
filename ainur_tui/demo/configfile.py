"""The console's configuration for a miniature: an ordinary file, as an operator would write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ainur_tui.demo import wheel
from ainur_tui.demo.credentials import AUTHORITY
from ainur_tui.demo.layout import API_APP, BLOCK_TIME, DATABASE_APP, Layout
from ainur_tui.demo.node.chain import Chain

TIMING = {"interval": 2, "timeout": 3}
BACKUPS = "ainur-backups"
BUCKETS = (BACKUPS, "ainur-agents-prod", "ainur-agents-backup")
# A developer's machine is fuller than a server, and shares two cores with the whole miniature,
# which writes little WAL.
THRESHOLDS: dict[str, dict[str, float]] = {
    "db.slots.retained": {"warn": 64 << 20, "fail": 256 << 20},
    "host.disk": {"warn": 0.97, "fail": 0.99},
    "host.memory": {"warn": 0.97, "fail": 0.99},
    "api.latency.p95": {"warn": 0.25, "fail": 1.0},
}


def config_text(layout: Layout) -> str:
    """The whole file."""
    place = "environment.demo"
    lines = ["# Written by the miniature for its own console.", "version = 1"]
    lines += ['default_environment = "demo"', "", f"[{place}]", *_pairs(_top(layout))]
    for name, section in _sections(layout).items():
        lines += ["", f"[{place}.{name}]", *_pairs(section)]
    for name, values in THRESHOLDS.items():
        lines += ["", f'[{place}.thresholds."{name}"]', *_pairs(values)]
    return "\n".join(lines) + "\n"


def _top(layout: Layout) -> dict[str, Any]:
    return {
        "color": "cyan",
        "state_dir": str(layout.directory / "state"),
        "runtime_dir": str(layout.directory / "run"),
    }


def _sections(layout: Layout) -> dict[str, dict[str, Any]]:
    directory = layout.directory

    def secret(name: str) -> dict[str, str]:
        return {"file": str(directory / "secrets" / name)}

    return {
        "api": TIMING
        | {
            "url": layout.url("api_https", "https"),
            "ca_file": str(directory / AUTHORITY),
            "pool_size": 25,
        },
        "fly": TIMING
        | {
            "app": API_APP,
            "database_app": DATABASE_APP,
            "url": layout.url("fly"),
            "web_url": layout.url("fly"),
            "prometheus_url": layout.url("fly") + "/prometheus/ainur/api/v1",
            "token": secret("fly-token"),
        },
        "postgres": TIMING
        | {
            "dsn": secret("postgres-url"),
            "admin": secret("postgres-admin-url"),
            "log_file": str(directory / "postgres" / "log" / "postgresql.log"),
        },
        "node": TIMING
        | {
            "rpc": [layout.url("node")],
            "metrics": layout.url("node_metrics") + "/metrics",
            "unit": "ainur-node",
            "block_time": BLOCK_TIME,
            "genesis": Chain(layout.seed, BLOCK_TIME).hash(0),
        },
        "storage": TIMING
        | {
            "endpoint": layout.url("s3"),
            "access_key_id": secret("s3-access-key"),
            "secret_access_key": secret("s3-secret-key"),
            "buckets": list(BUCKETS),
            "probe_bucket": BACKUPS,
            "sync": {"ainur-agents-prod": "ainur-agents-backup"},
        },
        "frontend": TIMING
        | {
            "url": layout.url("frontend_https", "https"),
            "ca_file": str(directory / AUTHORITY),
        },
        "loki": {
            "url": layout.url("loki"),
            "streams": [
                {"name": "frontend", "query": '{app="frontend"}', "target": "frontend"},
            ],
        },
        "host": TIMING | {"disks": ["/", str(directory / "backups")]},
        "prometheus": TIMING
        | {"url": layout.url("fly") + "/prometheus/ainur", "token": secret("fly-token")},
        "alertmanager": TIMING | {"url": layout.url("alertmanager")},
        "backup": {
            "directory": str(directory / "backups"),
            "bucket": BACKUPS,
            "scratch": secret("postgres-admin-url"),
            "application": secret("postgres-app-url"),
        },
        "tools": {"path": [str(directory / "bin"), str(wheel.programs())]},
    }


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{name} = {_value(value)}"


def _value(value: Any) -> str:
    """TOML's strings, numbers and arrays of them are written as JSON's."""
    if isinstance(value, dict):
        return "{ " + ", ".join(_pairs(value)) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)
