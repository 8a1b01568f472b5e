"""The Machines API of Fly, one method a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems.answers import json_of, object_of, pick
from ainur_tui.systems.fly.appclient import DONE, AppClient, Rows
from ainur_tui.systems.fly.machines import Machine, parse_machine
from ainur_tui.systems.http import Answer

_GET_PACE, _GET_BURST = 0.2, 10


class FlyClient(AppClient):
    """An app's machines; of another app of the organisation where ``app`` is given."""

    async def machines(
        self, app: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> list[Machine]:
        """All machines of the app, with the leases on them, in one call."""
        await self._pace.wait(f"list {app or self.app}")
        params = {f"metadata.{key}": value for key, value in (metadata or {}).items()}
        params["include_leases"] = "true"
        with self.limits.asking(self.listing(app)):
            found = json_of(await self._machines.get(self._path(app, "machines"), params=params))
        if not isinstance(found, list):
            raise ProbeFailure("bad answer", "JSON, but no array of machines")
        return [machine for one in found if (machine := parse_machine(one)) is not None]

    def listing(self, app: str | None = None) -> str:
        """What listing an app's machines is called among the limits."""
        return f"machines of {app or self.app}"

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

    async def suspend(self, id: str, nonce: str, app: str | None = None) -> None:
        """Stop a machine with its memory kept: it goes on where it was."""
        path = self._path(app, "machines", id, "suspend")
        await self._change("POST", path, nonce, f"suspend {id}")

    async def update(
        self, machine: Machine, config: Mapping[str, Any], nonce: str, app: str | None = None,
        *, secrets: int | None = None, launch: bool = True,
    ) -> Machine:  # fmt: skip
        """Give a machine another (whole) configuration, unless it has changed since it was read
        (412). A running one is replaced, one at rest stays so without ``launch``. ``secrets`` is
        the version of the secrets it must have."""
        if not machine.whole:
            # There are no partial updates: what the platform does not know now would be gone.
            raise ProbeFailure("unavailable", f"the host of {machine.id} does not answer, so its"
                                              " whole configuration is not known")  # fmt: skip
        body: dict[str, Any] = {"config": config}
        if machine.instance:
            body["current_version"] = machine.instance
        if not launch:
            body["skip_launch"] = True
        if machine.cordoned:
            # A new version would be routed to; who took it out of routing would not know.
            body["skip_service_registration"] = True
        if secrets is not None:
            body["min_secrets_version"] = secrets
        path = self._path(app, "machines", machine.id)
        return _machine(await self._change("POST", path, nonce, f"update {machine.id}", body))

    async def mark(self, id: str, key: str, value: str | None, nonce: str) -> None:
        """Set a key of a machine's metadata (``None``: take it away); nothing restarts."""
        path = self._path(self.app, "machines", id, "metadata", key)
        if value is None:
            await self._change("DELETE", path, nonce, f"mark {id}")
        else:
            await self._change("POST", path, nonce, f"mark {id}", {"value": value})

    async def versions(self, id: str, app: str | None = None) -> Rows:
        """The machine's configurations as they came: ``version`` and ``user_config`` of each."""
        await self._pace.wait(f"versions {id}")
        found = json_of(await self._machines.get(self._path(app, "machines", id, "versions")))
        return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []

    async def restart(self, id: str, nonce: str, app: str | None = None) -> None:
        """Restart in place: this machine's downtime."""
        path = self._path(app, "machines", id, "restart")
        await self._change("POST", path, nonce, f"restart {id}", params={"timeout": "10s"})

    async def wait(
        self, machine: Machine, state: str, seconds: int, app: str | None = None
    ) -> bool:
        """Wait for a state; False when the time (≤ 60 s) ran out."""
        await self._pace.wait(f"wait {machine.id}")
        params = {"state": state, "timeout": str(seconds)}
        if machine.instance:
            # The parameter's older name and its newer one: platforms know either.
            params |= {"instance_id": machine.instance, "version": machine.instance}
        answer = await self._machines.get(
            self._path(app, "machines", machine.id, "wait"),
            params=params,
            expect=DONE | {408},
            deadline=seconds + 5.0,
        )
        return answer.status != 408

    async def create(self, body: Mapping[str, Any], app: str | None = None) -> Machine:
        """Make a machine. A lost answer may have made one: look by metadata before trying again."""
        path = self._path(app, "machines")
        sent = {key: value for key, value in body.items() if value not in (None, "")}
        return _machine(await self._change("POST", path, None, "create", sent))

    async def destroy(self, id: str, nonce: str, app: str | None = None) -> None:
        """Destroy a machine and its configuration."""
        path = self._path(app, "machines", id)
        await self._change("DELETE", path, nonce, f"destroy {id}", params={"force": "true"})

    async def cordon(self, id: str, nonce: str, app: str | None = None) -> None:
        """Send no more requests to it."""
        path = self._path(app, "machines", id, "cordon")
        await self._change("POST", path, nonce, f"cordon {id}")

    async def uncordon(self, id: str, nonce: str, app: str | None = None) -> None:
        """Send requests to it again."""
        path = self._path(app, "machines", id, "uncordon")
        await self._change("POST", path, nonce, f"uncordon {id}")

    async def lease(
        self, id: str, seconds: int, why: str, app: str | None = None, nonce: str | None = None
    ) -> str:
        """Take the right to change a machine (with ``nonce``: keep it longer); the nonce."""
        path = self._path(app, "machines", id, "lease")
        body = {"ttl": seconds, "description": why}
        found = object_of(await self._change("POST", path, nonce, f"lease {id}", body))
        # The reference shows it in an envelope, the interface's specification without.
        given = pick(found, "data.nonce") or pick(found, "nonce")
        if not isinstance(given, str) or not given.isascii() or not given.isprintable():
            raise ProbeFailure("bad answer", "a lease without a nonce")
        return given

    async def release(self, id: str, nonce: str, app: str | None = None) -> None:
        """Give the lease back."""
        await self._change("DELETE", self._path(app, "machines", id, "lease"), nonce, f"free {id}")


def _machine(answer: Answer) -> Machine:
    found = parse_machine(object_of(answer))
    if found is None:
        raise ProbeFailure("bad answer", "JSON, but no machine in it")
    return found
