"""The Alertmanager process (API v2): keeps what it is told until it ends, and tells it again."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
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
        self._silences: dict[str, dict[str, Any]] = {}

    def application(self) -> web.Application:
        """The aiohttp application to serve."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/api/v2/alerts", self.listing),
                web.post("/api/v2/alerts", self.take),
                web.get("/api/v2/silences", self.silences),
                web.post("/api/v2/silences", self.silence),
                web.get("/api/v2/silence/{id}", self.one_silence),
                web.delete("/api/v2/silence/{id}", self.unsilence),
                web.get("/-/ready", self.ready),
            ]
        )
        return application

    async def ready(self, _: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def listing(self, _: web.Request) -> web.Response:
        now = datetime.now(UTC)
        self._alerts = {key: one for key, one in self._alerts.items() if _ends(one) > now}
        return web.json_response([one | {"status": self._status(one)}
                                  for one in self._alerts.values()])  # fmt: skip

    def _status(self, alert: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC)
        by = [id for id, one in self._silences.items()
              if _ends(one) > now and _muted(one["matchers"], alert["labels"])]  # fmt: skip
        return {"state": "suppressed" if by else "active", "silencedBy": by, "inhibitedBy": []}

    async def silences(self, _: web.Request) -> web.Response:
        return web.json_response([_with_state(one) for one in self._silences.values()])

    async def one_silence(self, request: web.Request) -> web.Response:
        one = self._silences.get(request.match_info["id"])
        return web.Response(status=404) if one is None else web.json_response(_with_state(one))

    async def silence(self, request: web.Request) -> web.Response:
        """A new one, or another end of one that is there."""
        try:
            given = await request.json()
            made = {key: given[key] for key in ("matchers", "startsAt", "endsAt", "createdBy",
                                                "comment")}  # fmt: skip
            [_muted([one], {}) for one in made["matchers"]]
            if _ends(made) <= datetime.now(UTC):
                raise ValueError("silence can't have an end time in the past")
        except (ValueError, TypeError, KeyError, AttributeError, re.error) as error:
            return web.json_response(str(error), status=400)
        id = str(given.get("id") or uuid.uuid4())
        self._silences[id] = made | {"id": id}
        return web.json_response({"silenceID": id})

    async def unsilence(self, request: web.Request) -> web.Response:
        one = self._silences.get(request.match_info["id"])
        if one is None:
            return web.json_response("silence not found", status=500)  # as the real one
        one["endsAt"] = datetime.now(UTC).isoformat()
        return web.json_response(None)

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


def _with_state(silence: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    begun = "active" if _moment(silence["startsAt"]) <= now else "pending"
    return silence | {"status": {"state": begun if _ends(silence) > now else "expired"}}


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


def _muted(matchers: list[dict[str, Any]], labels: dict[str, str]) -> bool:
    """Whether every matcher finds its label; one that is absent counts as empty, as there."""

    def holds(one: dict[str, Any]) -> bool:
        pattern = one["value"] if one["isRegex"] else re.escape(one["value"])
        hit = re.fullmatch(pattern, labels.get(one["name"], "")) is not None
        return hit is one.get("isEqual", True)

    return all(map(holds, matchers))


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
