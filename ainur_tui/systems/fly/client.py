"""The Machines API and the web API of Fly, one method a call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.answers import json_of, object_of, pick, text
from ainur_tui.systems.base import Clock
from ainur_tui.systems.fly.machines import Machine, parse_machine
from ainur_tui.systems.http import Answer, HttpClient
from ainur_tui.systems.httpurls import segment

DONE = frozenset({200, 201, 202, 204})
CHANGE_DEADLINE = 40.0
"""Seconds a change may take to be answered: a restart waits for the old process to end."""
_BURST = 3
_GET_PACE, _GET_BURST = 0.2, 10


def authorization(token: Secret) -> Secret:
    """The header's value: a macaroon goes as ``FlyV1``, anything else as ``Bearer``."""
    value = token.reveal().strip()
    if value.startswith(("FlyV1 ", "Bearer ")):
        return Secret(value)
    scheme = "FlyV1" if value.startswith(("fm1", "fm2")) else "Bearer"
    return Secret(f"{scheme} {value}")


class Pace:
    """Keeps calls of one kind on one thing under the platform's limit (1/s, burst 3)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_at: dict[str, float] = {}

    async def wait(self, key: str, every: float = 1.0, burst: int = _BURST) -> None:
        """Wait until one more call fits (a bucket told by when it is full again)."""
        now = self._clock.monotonic()
        if len(self._free_at) > 500:
            self._free_at = {k: at for k, at in self._free_at.items() if at > now}
        full = max(self._free_at.get(key, now), now) + every
        self._free_at[key] = full
        late = full - now - burst * every
        if late > 0:
            await asyncio.sleep(late)


class FlyClient:
    """Calls of one organisation's token. Failures are :class:`ProbeFailure`; changes are sent
    once, whatever comes back."""

    def __init__(self, fly: Fly, token: Secret, *, clock: Clock, redact: Redactor) -> None:
        headers = {"authorization": authorization(token)}
        self.app = fly.app
        self._pace = Pace(clock)
        self._machines = HttpClient(
            fly.url, clock=clock, redact=redact, headers=headers, deadline=fly.timeout * 0.95
        )
        self._web = HttpClient(
            fly.web_url, clock=clock, redact=redact, headers=headers, deadline=fly.timeout * 0.95
        )
        self.peer = self._machines.peer

    async def machines(
        self, app: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> list[Machine]:
        """All machines of the app, in one call."""
        await self._pace.wait(f"list {app}", 0.5)
        params = {f"metadata.{key}": value for key, value in (metadata or {}).items()}
        answer = await self._machines.get(self._path(app, "machines"), params=params)
        found = json_of(answer)
        if not isinstance(found, list):
            raise ProbeFailure("bad answer", "JSON, but no array of machines")
        return [machine for one in found if (machine := parse_machine(one)) is not None]

    async def machine(self, id: str, app: str | None = None) -> Machine:
        """One machine."""
        await self._pace.wait(f"get {id}", _GET_PACE, _GET_BURST)
        return _machine(await self._machines.get(self._path(app, "machines", id)))

    async def start(self, id: str, nonce: str, app: str | None = None) -> None:
        """Start a stopped machine."""
        await self._change("POST", self._path(app, "machines", id, "start"), nonce, f"start {id}")

    async def stop(self, id: str, nonce: str, app: str | None = None) -> None:
        """Stop a machine as a deployment would: SIGINT, then ten seconds."""
        path = self._path(app, "machines", id, "stop")
        body = {"signal": "SIGINT", "timeout": "10s"}
        await self._change("POST", path, nonce, f"stop {id}", body)

    async def restart(self, id: str, nonce: str, app: str | None = None) -> None:
        """Restart in place: this machine's downtime."""
        path = self._path(app, "machines", id, "restart")
        await self._change("POST", path, nonce, f"restart {id}", params={"timeout": "10s"})

    async def wait(self, machine: Machine, state: str, seconds: int) -> bool:
        """Wait for a state; False when the time (≤ 60 s) ran out."""
        await self._pace.wait(f"wait {machine.id}")
        answer = await self._machines.get(
            self._path(self.app, "machines", machine.id, "wait"),
            params={"state": state, "instance_id": machine.instance, "timeout": str(seconds)},
            expect=DONE | {408},
            deadline=seconds + 5.0,
        )
        return answer.status != 408

    async def create(self, body: Mapping[str, Any]) -> Machine:
        """Make a machine. A lost answer may have made one: look by metadata before trying again."""
        path = self._path(self.app, "machines")
        return _machine(await self._change("POST", path, None, "create", body))

    async def destroy(self, id: str, nonce: str) -> None:
        """Destroy a machine and its configuration."""
        path = self._path(self.app, "machines", id)
        await self._change("DELETE", path, nonce, f"destroy {id}", params={"force": "true"})

    async def cordon(self, id: str, nonce: str) -> None:
        """Send no more requests to it."""
        await self._change("POST", self._path(self.app, "machines", id, "cordon"), nonce, "cordon")

    async def uncordon(self, id: str, nonce: str) -> None:
        """Send requests to it again."""
        path = self._path(self.app, "machines", id, "uncordon")
        await self._change("POST", path, nonce, "uncordon")

    async def lease(
        self, id: str, seconds: int, why: str, app: str | None = None, nonce: str | None = None
    ) -> str:
        """Take the right to change a machine (with ``nonce``: keep it longer); the nonce."""
        path = self._path(app, "machines", id, "lease")
        body = {"ttl": seconds, "description": why}
        found = object_of(await self._change("POST", path, nonce, f"lease {id}", body))
        given = pick(found, "data.nonce")
        if not isinstance(given, str) or not given.isascii() or not given.isprintable():
            raise ProbeFailure("bad answer", "a lease without a nonce")
        return given

    async def release(self, id: str, nonce: str, app: str | None = None) -> None:
        """Give the lease back."""
        await self._change("DELETE", self._path(app, "machines", id, "lease"), nonce, f"free {id}")

    async def releases(self, limit: int = 10) -> list[Mapping[str, Any]]:
        """The newest releases of the app, newest first, as they came."""
        path = f"/api/v1/apps/{segment(self.app)}/releases"
        found = object_of(await self._web.get(path, params={"limit": str(limit)}))
        rows = found.get("releases")
        if not isinstance(rows, list):
            raise ProbeFailure("bad answer", "JSON without releases")
        return [row for row in rows if isinstance(row, Mapping)]

    async def logs(self, token: str | None) -> Answer:
        """One page of log lines after ``token``."""
        path = f"/api/v1/apps/{segment(self.app)}/logs"
        return await self._web.get(path, params={"next_token": token} if token else None)

    async def close(self) -> None:
        """Close both connections' pools."""
        await self._machines.close()
        await self._web.close()

    async def _change(
        self,
        method: str,
        path: str,
        nonce: str | None,
        pace: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        await self._pace.wait(pace)
        return await self._machines.send(
            method,
            path,
            json=body,
            params=params,
            headers={"fly-machine-lease-nonce": nonce} if nonce else None,
            expect=DONE,
            deadline=CHANGE_DEADLINE,
        )

    def _path(self, app: str | None, *parts: str) -> str:
        return "/v1/apps/" + "/".join(segment(part) for part in (app or self.app, *parts))


def _machine(answer: Answer) -> Machine:
    found = parse_machine(object_of(answer))
    if found is None:
        raise ProbeFailure("bad answer", "JSON, but no machine in it")
    return found


def release_words(row: Mapping[str, Any]) -> str:
    """A release in a line: ``v142 by deploy@… (complete)``."""
    version = row.get("version")
    user = text(row, "user.email", 60) or text(row, "user.name", 60) or text(row, "user", 60)
    by = f" by {user}" if user else ""
    return f"v{version if isinstance(version, int) else '?'}{by}"
