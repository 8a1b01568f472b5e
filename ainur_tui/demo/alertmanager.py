"""The Alertmanager process (API v2): keeps what it is told until it ends, and tells it again."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from ainur_tui.demo.service import arguments, run, serve, until_stopped

RESOLVE_TIMEOUT = timedelta(minutes=5)
"""How long an alert holds of which nobody says when it ends."""
MOST = 2000


class Alertmanager:
    """``/api/v2/alerts``: POST takes alerts, GET gives those that have not ended."""

    def __init__(self) -> None:
        self._alerts: dict[str, dict[str, Any]] = {}

    def application(self) -> web.Application:
        """The aiohttp application to serve."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/api/v2/alerts", self.listing),
                web.post("/api/v2/alerts", self.take),
                web.get("/-/ready", self.ready),
            ]
        )
        return application

    async def ready(self, _: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def listing(self, _: web.Request) -> web.Response:
        now = datetime.now(UTC)
        self._alerts = {key: one for key, one in self._alerts.items() if _ends(one) > now}
        return web.json_response(list(self._alerts.values()))

    async def take(self, request: web.Request) -> web.Response:
        """As the real one: 400 for what is no list of alerts with names, else all are taken."""
        try:
            given = [_taken(one, datetime.now(UTC)) for one in await request.json()]
        except (ValueError, TypeError, KeyError, AttributeError, json.JSONDecodeError) as error:
            return web.json_response(str(error), status=400)
        for one in given[:MOST]:
            known = self._alerts.get(one["fingerprint"])
            if known is not None:
                one["startsAt"] = min(known["startsAt"], one["startsAt"])
            self._alerts[one["fingerprint"]] = one
        return web.json_response(None)


def _taken(one: dict[str, Any], now: datetime) -> dict[str, Any]:
    labels = {str(key): str(value) for key, value in one["labels"].items()}
    if not labels.get("alertname"):
        raise ValueError("an alert without a name")
    ends = one.get("endsAt") or (now + RESOLVE_TIMEOUT).isoformat()
    return {
        "labels": labels,
        "annotations": one.get("annotations") or {},
        "startsAt": _moment(one.get("startsAt") or now.isoformat()).isoformat(),
        "endsAt": _moment(ends).isoformat(),
        "updatedAt": now.isoformat(),
        "fingerprint": hashlib.sha256(json.dumps(sorted(labels.items())).encode()).hexdigest()[:16],
        "receivers": [{"name": "operators"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "generatorURL": str(one.get("generatorURL") or ""),
    }


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _ends(one: dict[str, Any]) -> datetime:
    return _moment(one["endsAt"])


async def main(port: int) -> None:
    """Serve until told to stop."""
    server = await serve(Alertmanager().application(), port, grace=0.5)
    await until_stopped()
    await server.cleanup()


if __name__ == "__main__":
    given = arguments("ainur_tui.demo.alertmanager", ("--port", {"type": int, "required": True}))
    sys.exit(run(main(given.port)))
