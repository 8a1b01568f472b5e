"""The bodies of the Machines API's requests, field by field, as its public description has them."""

from __future__ import annotations

import re
from typing import Any

SIGNALS = {"SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM"}
SECONDS = re.compile(r"(\d+(h|m|s|ms))+")
TEXTS = {"*": str}
PORT = dict.fromkeys(("port", "start_port", "end_port"), int) | {
    "handlers": [str], "force_https": bool, "tls_options": dict, "http_options": dict,
    "proxy_proto_options": dict,
}  # fmt: skip
CHECK = dict.fromkeys(
    ("type", "interval", "timeout", "grace_period", "method", "path", "protocol", "kind",
     "tls_server_name"), str,
) | {"port": int, "tls_skip_verify": bool, "headers": list}  # fmt: skip
SERVICE = {
    "protocol": str, "internal_port": int, "autostart": bool, "autostop": (str, bool),
    "min_machines_running": int, "ports": [PORT], "checks": [CHECK],
    "concurrency": {"type": str, "soft_limit": int, "hard_limit": int},
    "force_instance_key": str, "force_instance_description": str,
}  # fmt: skip
GUEST = dict.fromkeys(("cpus", "gpus", "memory_mb", "max_memory_mb"), int) | dict.fromkeys(
    ("cpu_kind", "gpu_kind", "host_dedication_id", "persist_rootfs"), str
)
CONFIG = {
    "image!": str, "auto_destroy": bool, "checks": {"*": CHECK}, "containers": list, "dns": dict,
    "disable_machine_autostart": bool, "env": TEXTS, "files": list, "guest": GUEST, "init": dict,
    "metadata": TEXTS, "metrics": dict, "mounts": list, "processes": list,
    "restart": {"policy": str, "max_retries": int}, "rootfs": dict, "schedule": str,
    "services": [SERVICE], "size": str, "spot": dict, "standbys": [str], "statics": list,
    "stop_config": dict, "cache_drive": dict,
}  # fmt: skip
MACHINE = {
    "config!": CONFIG, "name": str, "region": str, "lease_ttl": int, "min_secrets_version": int,
    "skip_launch": bool, "skip_secrets": bool, "skip_service_registration": bool,
}  # fmt: skip
_ONE = "/v1/apps/{app_name}/machines/{machine_id}"
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/apps/{app_name}/machines"): MACHINE,
    ("POST", _ONE): MACHINE | {"current_version": str},
    ("POST", f"{_ONE}/stop"): {"signal": SIGNALS, "timeout": SECONDS},
    ("POST", f"{_ONE}/lease"): {"description": str, "ttl": int},
    ("POST", f"{_ONE}/metadata/{{key}}"): {"value!": str, "updated_at": str},
    ("POST", "/v1/apps/{app_name}/secrets"): {"values!": {"*": (str, type(None))}},
    ("POST", "/graphql"): {"query!": str, "variables": dict},
    ("POST", "/v1/tokens/authorize"): {"header!": str, "access!": {"*": str}},
}


def wrong(schema: Any, given: Any, where: str = "body") -> str | None:
    """What does not fit: a field that is not known, is missing (``name!``), or of another type."""
    if isinstance(schema, dict):
        if not isinstance(given, dict):
            return f"{where} is no object"
        known = {name.removesuffix("!"): part for name, part in schema.items()}
        missing = [name[:-1] for name in schema if name.endswith("!") and name[:-1] not in given]
        if missing:
            return f"{where} lacks {missing[0]}"
        for name, value in given.items():
            if name not in known and "*" not in known:
                return f"{where}.{name} is not known"
            if fault := wrong(known.get(name, known.get("*")), value, f"{where}.{name}"):
                return fault
        return None
    if isinstance(schema, list):
        if not isinstance(given, list):
            return f"{where} is no list"
        faults = (wrong(schema[0], one, f"{where}[]") for one in given)
        return next((fault for fault in faults if fault), None)
    if isinstance(schema, set):
        return None if given in schema else f"{where} is {given!r}"
    if isinstance(schema, re.Pattern):
        return None if isinstance(given, str) and schema.fullmatch(given) else f"{where}: {given!r}"
    if isinstance(given, bool) and schema is int:
        return f"{where} is a truth value"
    return None if isinstance(given, schema) else f"{where} is {given!r}"
