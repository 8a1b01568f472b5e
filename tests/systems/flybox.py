"""A machine of the second platform, as the Machines API's public description has it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
APP = "my-app-name"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Refusal(Exception):
    """An error's answer."""

    def __init__(self, status: int, error: str) -> None:
        self.status, self.error = status, error


def moment(at: float) -> str:
    """Times are told to the second."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ulid(at: float, number: int) -> str:
    """A version's id of 26 characters: ten of time, sixteen of chance."""
    value, text = (int(at * 1000) << 80) + number, ""
    for _ in range(26):
        value, rest = divmod(value, 32)
        text = _ALPHABET[rest] + text
    return text


@dataclass
class Box:
    """A machine. What was asked of it comes about step by step, as it is looked at."""

    id: str
    region: str
    config: Json
    versions: list[Json] = field(default_factory=list)
    state: str = "started"
    created: float = field(default_factory=lambda: time.time() - 7200)
    updated: float = field(default_factory=lambda: time.time() - 7200)
    cordoned: bool = False
    lease: Json | None = None
    events: list[Json] = field(default_factory=list)
    coming: list[tuple[str, Json | None]] = field(default_factory=list)
    lost: bool = False

    def __post_init__(self) -> None:
        self.revise(self.config, self.updated)

    @property
    def version(self) -> str:
        return str(self.versions[0]["version"])

    def revise(self, config: Json, at: float) -> None:
        """A new version."""
        self.config = config
        version = ulid(at, len(self.versions) + int(self.created))
        self.versions.insert(0, {"version": version, "user_config": config})

    def event(self, kind: str, status: str, source: str = "user", **request: Any) -> Json:
        """One that happens now; an event has no id that anybody promised."""
        last = self.events[0]["timestamp"] if self.events else 0
        at = max(int(time.time() * 1000), last + 1)
        found = {"type": kind, "status": status, "source": source, "timestamp": at}
        return found | ({"request": request} if request else {})

    def then(self, *steps: tuple[str, str]) -> None:
        """States to go through, each with the type of its event (empty: none)."""
        self.coming += [
            (state, None if not kind else {"type": kind, "status": state}) for state, kind in steps
        ]

    def look(self) -> None:
        """One step of what is coming happens."""
        if not self.coming:
            return
        self.state, happening = self.coming.pop(0)
        self.updated = time.time()
        if happening is not None:
            request: Json = {}
            if happening["type"] == "exit":
                request = {"exit_event": {"exit_code": 0, "requested_stop": True}}
            self.events.insert(
                0, self.event(happening["type"], happening["status"], "flyd", **request)
            )

    def json(self, *, leases: bool = False) -> Json:
        found: Json = {
            "id": self.id, "name": f"name-{self.id}", "state": self.state, "region": self.region,
            "image_ref": {"registry": "registry.fly.io", "repository": APP,
                          "digest": "sha256:5615ef423504d56ae345ccff9db54796"},
            "instance_id": self.version, "private_ip": "fdaa:0:18:a7b:196:e274:9ce1:2",
            "created_at": moment(self.created), "updated_at": moment(self.updated),
        }  # fmt: skip
        if self.lost:
            found |= {"host_status": "unreachable", "incomplete_config": {"image": "?"}}
        else:
            found["config"] = self.config
        if self.events:
            found["events"] = self.events[:20]
        if self.config.get("checks"):
            passing = "passing" if self.state == "started" else "critical"
            found["checks"] = [{"name": name, "status": passing} for name in self.config["checks"]]
        if leases and self.lease is not None:
            found["lease"] = {key: self.lease[key] for key in ("owner", "expires_at")}
        return found | ({"cordoned": True} if self.cordoned else {})


def config(image: str = "registry.fly.io/my-app-name:v1", **more: Any) -> Json:
    """A configuration as the reference shows it."""
    port = {"port": 443, "handlers": ["tls", "http"]}
    return {
        "image": image, "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
        "services": [{"ports": [port], "protocol": "tcp", "internal_port": 8080}],
        "env": {"APP_ENV": "production"}, "restart": {"policy": "always"},
    } | more  # fmt: skip
