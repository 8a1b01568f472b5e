"""What the platform says of the token: whose it is, and whether it may change the app. Asking
changes nothing (``/v1/tokens/authorize`` checks a token against an access, no more)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ainur_tui.config.types import Fly
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.answers import object_of
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.fly.access import authorization
from ainur_tui.systems.fly.limits import Limits
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.httpfailures import HttpFailure

INTERVAL = 300.0
DENIED = "the platform says that this token may not change the app"
_WHOSE, _ASK = "/v1/tokens/current", "/v1/tokens/authorize"


class Scope:
    """Calls about one token."""

    def __init__(self, fly: Fly, token: Secret, *, clock: Clock, redact: Redactor) -> None:
        self._app = fly.app
        self._header = authorization(token)
        self._http = HttpClient(
            fly.url, clock=clock, redact=redact, headers={"authorization": self._header},
            deadline=fly.timeout * 0.95,
        )  # fmt: skip

    async def whose(self) -> list[str]:
        """Of whom, for which organisation and apps, in words; raises ProbeFailure."""
        return list(_scopes(object_of(await self._http.get(_WHOSE)).get("tokens")))

    async def may_change(self) -> bool | None:
        """Whether the token may write to the app; ``None`` where the platform does not tell."""
        body = {"header": self._header.reveal(), "access": {"app_name": self._app, "action": "w"}}
        try:
            await self._http.send("POST", _ASK, json=body, repeatable=True)
        except HttpFailure as failure:
            denied = failure.status in {401, 403} or (
                failure.status == 400 and "unauthorized" in failure.detail.lower()
            )
            return False if denied else None
        except ProbeFailure:
            return None
        return True

    async def close(self) -> None:
        """Close the connections' pool."""
        await self._http.close()


class ScopeProbe(Probe):
    """Seldom: what an opaque token may do, for the list of actions. It never fails."""

    name = "fly.scope"
    target = "api"
    signals = ()
    interval = INTERVAL

    def __init__(self, fly: Fly, scope: Scope, limits: Limits) -> None:
        self.deadline = fly.timeout
        self._scope = scope
        self._limits = limits

    async def read(self) -> Sample:
        may = await self._scope.may_change()
        self._limits.denied = DENIED if may is False else None
        return Sample()


def _scopes(told: Any) -> Iterator[str]:
    for one in told if isinstance(told, list) else []:
        if not isinstance(one, Mapping):
            continue
        apps = one.get("apps")
        names = [str(app) for app in apps] if isinstance(apps, list) else []
        whose = one.get("user") or "nobody named"
        where = f"organisation {one.get('org_slug') or one.get('organization') or 'not named'}"
        bound = one.get("restricted_to_machine")
        yield (
            f"of {whose}, {where}, "
            + (f"apps {', '.join(names)}" if names else "all its apps")
            + (f", only from machine {bound}" if bound else "")
        )
