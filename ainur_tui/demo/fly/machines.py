"""A machine of the platform as its API shows it: configuration, state, events, checks, lease."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ainur_tui.demo.service import SUPERVISOR

Json = dict[str, Any]
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EVENTS_KEPT = 20
ROUTABLE = "started"
INHERITED = ("PATH", "LANG", "HOME", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR", SUPERVISOR)


class ApiError(Exception):
    """An answer that is not a success: HTTP status, text, and the API's status word."""

    def __init__(self, http: int, text: str, word: str = "unknown") -> None:
        super().__init__(text)
        self.http = http
        self.text = text
        self.word = word


def ulid(at: float | None = None) -> str:
    """A sortable id of 26 characters, as the platform uses for instances, events and requests."""
    number = int((at or time.time()) * 1000) << 80 | secrets.randbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def iso(at: float) -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def image_ref(image: str) -> Json:
    """An image name taken apart: ``registry/repository:tag@digest``."""
    rest, _, digest = image.partition("@")
    registry, _, path = rest.partition("/")
    repository, _, tag = path.partition(":")
    if not digest:
        digest = f"sha256:{random.Random(image).getrandbits(256):064x}"
    return {
        "registry": registry,
        "repository": repository,
        "tag": tag or "latest",
        "digest": digest,
        "labels": None,
    }


@dataclass
class Lease:
    """The right to change a machine, until ``expires_at`` (epoch seconds)."""

    nonce: str
    expires_at: float
    owner: str
    version: str
    description: str

    def json(self) -> Json:
        return {
            "status": "success",
            "data": {
                "nonce": self.nonce,
                "expires_at": int(self.expires_at),
                "owner": self.owner,
                "version": self.version,
                "description": self.description,
            },
        }


@dataclass
class Machine:
    """The record of one machine. A fault keeps it from running (``held``) or well (``ailing``)."""

    id: str
    name: str
    region: str
    config: Json
    created_at: float = field(default_factory=time.time)
    state: str = "created"
    instance_id: str = field(default_factory=ulid)
    updated_at: float = field(default_factory=time.time)
    events: list[Json] = field(default_factory=list)
    versions: list[Json] = field(default_factory=list)
    checks: dict[str, Json] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    cordoned: bool = False
    held: bool = False
    ailing: bool = False
    restarts: int = 0
    port: int = 0
    lease: Lease | None = None
    inflight: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.idle.set()
        self.remember_version()

    @property
    def routable(self) -> bool:
        """Whether the edge sends requests to it."""
        passing = all(check["status"] == "passing" for check in self.checks.values())
        return self.state == ROUTABLE and not self.cordoned and passing

    def environment(self, app: str) -> dict[str, str]:
        """What its process finds in its environment: secrets, configuration, who it is."""
        given = {str(k): str(v) for k, v in (self.config.get("env") or {}).items()}
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **self.secrets,
            **given,
            "PORT": str(self.port),
            "FLY_APP_NAME": app,
            "FLY_MACHINE_ID": self.id,
            "FLY_ALLOC_ID": self.id,
            "FLY_MACHINE_VERSION": self.instance_id,
            "FLY_REGION": self.region,
            "FLY_IMAGE_REF": self.config["image"],
            "FLY_PROCESS_GROUP": "app",
        }

    def remember_version(self) -> None:
        """Keep the present configuration as a version."""
        self.versions.insert(0, {"version": self.instance_id, "user_config": self.config})

    def revise(self, config: Json, values: dict[str, str]) -> None:
        """A new version: other configuration, the secrets of now, other instance."""
        self.config, self.secrets, self.instance_id = config, values, ulid()
        self.remember_version()
        self.event("update", "replacing", "user")

    def become(self, state: str) -> None:
        """Change the state and wake who waits for it."""
        self.state = state
        self.updated_at = time.time()
        self.changed.set()
        self.changed = asyncio.Event()

    def event(self, kind: str, status: str, source: str, **request: Any) -> None:
        """Add an event; the newest is first."""
        entry: Json = {
            "id": ulid(),
            "type": kind,
            "status": status,
            "source": source,
            "timestamp": int(time.time() * 1000),
        }
        if request:
            entry["request"] = request
        self.events.insert(0, entry)
        del self.events[EVENTS_KEPT:]

    def exited(self, code: int, signum: int | None, *, asked: bool, restarting: bool) -> None:
        """Add the event of the process's end."""
        self.event(
            "exit",
            "stopped",
            "user" if asked else "flyd",
            exit_event={
                "exit_code": code,
                "guest_exit_code": 0 if signum else code,
                "guest_signal": signum or -1,
                "signal": signum or -1,
                "oom_killed": False,
                "requested_stop": asked,
                "restarting": restarting,
                "exited_at": iso(time.time()),
            },
            restart_count=self.restarts,
        )

    def leased(self) -> Lease | None:
        """The lease that holds now, if any."""
        if self.lease and self.lease.expires_at <= time.time():
            self.lease = None
        return self.lease

    def demand(self, nonce: str | None) -> None:
        """Refuse a change (409) when another holds the lease."""
        lease = self.leased()
        if lease and lease.nonce != nonce:
            raise ApiError(
                409,
                f"failed to update machine {self.id}: lease currently held by {lease.owner}, "
                f"expires at {iso(lease.expires_at)}",
                "lease_held",
            )

    def take_lease(self, nonce: str | None, ttl: float, owner: str, description: str) -> Lease:
        """A new lease, or more time for the one whose ``nonce`` is given (409 otherwise)."""
        self.demand(nonce)
        if nonce and not self.lease:
            raise ApiError(404, "lease not found", "not_found")
        if self.lease:
            self.lease.expires_at = time.time() + ttl
        else:
            self.lease = Lease(secrets.token_hex(6), time.time() + ttl, owner, ulid(), description)
        return self.lease

    def json(self, *, summary: bool = False) -> Json:
        """The machine as the API answers it."""
        found: Json = {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "region": self.region,
            "image_ref": image_ref(self.config["image"]),
            "instance_id": self.instance_id,
            "version": self.instance_id,
            "private_ip": f"fdaa:0:1:a7b:{self.id[:4]}:{self.id[4:8]}:{self.id[8:12]}:2",
            "created_at": iso(self.created_at),
            "updated_at": iso(self.updated_at),
            "events": self.events,
            "host_status": "ok",
            "cordoned": self.cordoned,
        }
        if summary:
            return found | {"incomplete_config": None}
        return found | {"config": self.config, "checks": list(self.checks.values())}
