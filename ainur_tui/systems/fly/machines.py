"""A machine as the platform tells it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ainur_tui.systems.answers import number, pick, text

TURNS = frozenset({"start", "launch", "exit"})

NO_CHECK = "bg_deployments_compat"
"""Checks of this name are added by the platform for old clients and check nothing."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(rf"[0-7][{_ALPHABET}]{{25}}")
_DIGITS = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True)
class Check:
    """A health check the platform runs. ``output`` is clean."""

    name: str
    status: str
    output: str


@dataclass(frozen=True)
class MachineEvent:
    """One thing the platform did or saw. ``at`` is epoch seconds by the platform's clock."""

    id: str
    kind: str
    status: str
    source: str
    at: float
    exit_code: int | None = None
    oom: bool = False
    requested: bool = False
    restart_count: int = 0


@dataclass(frozen=True)
class Held:
    """A lease on a machine, as others see it. ``until`` is epoch seconds by the platform's clock
    (``None``: not told); the texts are clean."""

    owner: str
    until: float | None
    why: str


@dataclass(frozen=True)
class Machine:
    """One machine. ``config`` is as it came, for cloning; all other texts are clean.

    ``memory`` is the guest's in bytes; times are epoch seconds by the platform's clock. Not
    ``whole``: its host does not answer, and the platform gives what it knows of the configuration;
    nothing may be made or updated from that.
    """

    id: str
    name: str
    state: str
    region: str
    image: str
    digest: str
    instance: str
    created_at: float
    updated_at: float
    host: str
    cordoned: bool
    group: str
    size: str
    memory: float | None
    checks: tuple[Check, ...]
    events: tuple[MachineEvent, ...]
    config: Mapping[str, Any]
    whole: bool = True
    lease: Held | None = None

    @property
    def sleeps(self) -> bool:
        """Whether the platform may stop it while it is not needed."""
        services = self.config.get("services") or []
        return any(
            isinstance(service, Mapping) and service.get("autostop") in {"stop", "suspend", True}
            for service in services
        )

    @property
    def role(self) -> str:
        """What a database's role check says: ``primary``, ``replica`` or nothing."""
        said = next((check.output.lower() for check in self.checks if check.name == "role"), "")
        return next((word for word in ("primary", "replica") if word in said), "")

    @property
    def last_exit(self) -> MachineEvent | None:
        """The newest event of its process ending."""
        return next((event for event in self.events if event.kind == "exit"), None)

    @property
    def restarts(self) -> int:
        """How often the platform had to bring it back, as far as its events reach."""
        told = max((event.restart_count for event in self.events), default=0)
        seen = sum(event.kind == "exit" and not event.requested for event in self.events)
        return max(told, seen)

    @property
    def last_turn(self) -> float:
        """When its process last began or ended (0 when its events do not tell)."""
        return max((event.at for event in self.events if event.kind in TURNS), default=0.0)

    @property
    def passing(self) -> int:
        """How many of its checks pass."""
        return sum(check.status == "passing" for check in self.checks)


def parse_machine(found: Any) -> Machine | None:
    """A machine of an answer; ``None`` when it has no usable id."""
    id = pick(found, "id")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        return None
    given = pick(found, "config")
    config = given or pick(found, "incomplete_config") or {}
    config = config if isinstance(config, Mapping) else {}
    memory = number(config, "guest.memory_mb").value
    cpus = number(config, "guest.cpus").value
    return Machine(
        id=id,
        name=text(found, "name", 80) or id,
        state=text(found, "state", 40) or "unknown",
        region=text(found, "region", 20) or "",
        image=_image(found),
        digest=text(found, "image_ref.digest", 80) or "",
        instance=text(found, "instance_id", 80) or "",
        created_at=parse_time(pick(found, "created_at")) or 0.0,
        updated_at=parse_time(pick(found, "updated_at")) or 0.0,
        host=text(found, "host_status", 20) or "ok",
        cordoned=pick(found, "cordoned") is True,
        group=text(config, "metadata.fly_process_group", 60) or "",
        size=size_name(text(config, "guest.cpu_kind", 20) or "shared", cpus) if cpus else "",
        memory=memory * 1024 * 1024 if memory else None,
        checks=tuple(
            Check(
                text(check, "name", 60) or "check",
                text(check, "status", 20) or "unknown",
                text(check, "output", 300) or "",
            )
            for check in _list(found, "checks")
            if not str(pick(check, "name")).startswith(NO_CHECK)
        ),
        events=tuple(
            sorted(
                (event for raw in _list(found, "events") if (event := _event(raw)) is not None),
                key=lambda event: -event.at,
            )
        ),
        config=config,
        whole=isinstance(given, Mapping) and bool(given),
        lease=_lease(pick(found, "lease")),
    )


def parse_time(value: Any) -> float | None:
    """Epoch seconds of an RFC 3339 text (up to nanoseconds), or ``None``."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(_DIGITS.sub(r"\1", value)).timestamp()
    except ValueError:
        return None


def version_time(version: str) -> float | None:
    """When a version of a machine was made, in epoch seconds: its id tells, where it is a ULID."""
    if not _ULID.fullmatch(version):
        return None
    stamp = 0
    for letter in version[:10]:
        stamp = stamp * 32 + _ALPHABET.index(letter)
    return stamp / 1000


def _image(found: Any) -> str:
    """The tag, else the digest's beginning, else whatever names the image."""
    digest = (text(found, "image_ref.digest", 80) or "")[:19]
    named = text(found, "image_ref.tag", 80) or digest or text(found, "image_ref.repository", 80)
    return named or (text(found, "config.image", 200) or "").rpartition(":")[2]


def size_name(kind: str, cpus: float) -> str:
    """The platform's name of a size: ``shared-cpu-1x``, ``performance-2x``."""
    return f"performance-{cpus:.0f}x" if kind == "performance" else f"{kind}-cpu-{cpus:.0f}x"


def _event(raw: Any) -> MachineEvent | None:
    at = number(raw, "timestamp").value
    if at is None:
        return None
    kind = text(raw, "type", 40) or "unknown"
    end = pick(raw, "request.exit_event") or pick(raw, "request.MonitorEvent.exit_event")
    code = number(end, "exit_code", low=None).value
    count = number(raw, "request.restart_count").value
    return MachineEvent(
        id=text(raw, "id", 60) or f"{kind} {at:.0f}",
        kind=kind,
        status=text(raw, "status", 40) or "",
        source=text(raw, "source", 40) or "",
        at=at / 1000,
        exit_code=None if code is None else int(code),
        oom=pick(end, "oom_killed") is True,
        requested=pick(end, "requested_stop") is True,
        restart_count=int(count or 0),
    )


def _lease(found: Any) -> Held | None:
    if not isinstance(found, Mapping):
        return None
    owner = text(found, "owner", 60) or "somebody"
    return Held(owner, number(found, "expires_at").value, text(found, "description", 80) or "")


def _list(found: Any, key: str) -> Sequence[Any]:
    value = pick(found, key)
    return value if isinstance(value, list) else ()
