"""Silences of an Alertmanager (API v2): theirs as ours, ours put there, and either ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock, rfc3339
from ainur_tui.systems.alertlabels import OURS, moment
from ainur_tui.systems.answers import json_of, pick
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.httpurls import segment
from ainur_tui.systems.silencer import Silencer

PATH, ONE = "/api/v2/silences", "/api/v2/silence"
NAME = "alertmanager"
_OURS = {"filter": f'source="{OURS}"'}
_MARK = re.compile(r"\[ainur-tui:(\w+)\]$")
_SIGNS = {(True, False): "=", (True, True): "=~", (False, False): "!=", (False, True): "!~"}
"""How a matcher is written, by whether it is to be equal and whether it is a pattern."""
_SOON = 1.0
"""Seconds two ends of one silence may differ: there they have milliseconds."""


async def listed(http: HttpClient, *, only_ours: bool = False) -> dict[str, Mapping[str, Any]]:
    """Every silence that is not over, by its id. Raises :class:`ProbeFailure`."""
    found = json_of(await http.get(PATH, params=_OURS if only_ours else None))
    if not isinstance(found, list):
        raise ProbeFailure("bad answer", "JSON, but no array of silences")
    return {
        str(one.get("id")): one for one in found
        if isinstance(one, dict) and pick(one, "status.state") != "expired"
    }  # fmt: skip


def ours(one: Mapping[str, Any]) -> str | None:
    """The id that a silence has here, where we put it there."""
    mark = _MARK.search(str(one.get("comment", "")))
    return mark[1] if mark else None


def as_ours(id: str, one: Mapping[str, Any]) -> Silence:
    """A silence of somebody there. What it asks of other labels stands behind the name."""
    asked = _matchers(one)
    plain = {name: value for name, sign, value in asked
             if name in {"alertname", "target"} and sign == "="}  # fmt: skip
    others = [f"{name}{sign}{value}" for name, sign, value in asked if name not in plain]
    at = moment(one.get("startsAt")) or 0.0
    later = f" from {clock(at, date=True)} UTC" if pick(one, "status.state") == "pending" else ""
    reason = clean(one.get("comment") or "no reason given", 200)
    return Silence(
        id=clean(id, 60), name=clean(" ".join([plain.get("alertname", ""), *others]).strip(), 100),
        target=plain.get("target", ""), by=clean(one.get("createdBy") or NAME, 60),
        reason=f"{reason} (in the Alertmanager{later})", at=at,
        until=moment(one.get("endsAt")) or at, origin=NAME,
    )  # fmt: skip


def inhibited(alert: Mapping[str, Any], now: float) -> Silence:
    """What mutes an alert there that another one inhibits: nothing that could be ended."""
    return Silence(
        id="", name="", target="", by=NAME, at=now, until=moment(alert.get("endsAt")) or now,
        reason="inhibited by another alert (in the Alertmanager)", origin=NAME,
    )  # fmt: skip


class Theirs(Silencer):
    """``DELETE /api/v2/silence/ID``, and a look whether it is over."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def end(self, id: str) -> None:
        await _expire(self._http, id)
        found = json_of(await self._http.get(f"{ONE}/{segment(id)}"))
        if pick(found, "status.state") != "expired":
            raise ProbeFailure("bad answer", "it took the order, and the silence holds")


class Mirror:
    """Keeps a silence there for each of ours that mutes something. It is made before the alert is
    told, and ended when an alert that it would mute is muted here no more."""

    def __init__(self, http: HttpClient, environment: str) -> None:
        self._http = http
        self._environment = environment
        self._there: dict[str, str] = {}

    async def put(self, alerts: Sequence[Alert]) -> None:
        """Put there what is not there yet, or has another end there."""
        wanted = {
            a.silence.id: a.silence for a in alerts if a.silence and a.silence.origin == "ours"
        }
        known = {
            id: one for id, one in (await listed(self._http, only_ours=True)).items()
            if ("environment", "=", self._environment) in _matchers(one)
        }  # fmt: skip
        self._there = {}
        for id, one in known.items():
            mine = ours(one)
            if mine is None:
                continue
            silence = wanted.get(mine)
            if silence is None:
                self._there[id] = mine
            elif abs((moment(one.get("endsAt")) or 0.0) - silence.until) <= _SOON:
                del wanted[mine]
            else:
                await self._post(wanted.pop(mine), id)
        for silence in wanted.values():
            await self._post(silence)

    async def end(self, alerts: Sequence[Alert]) -> None:
        """End there what mutes an alert that is not muted here."""
        loud = {(a.name, a.target) for a in alerts if a.silence is None}
        if not self._there or not loud:
            return
        found = json_of(await self._http.get("/api/v2/alerts", params=_OURS))
        over = set()
        for one in found if isinstance(found, list) else ():
            labels = pick(one, "labels") or {}
            key = (labels.get("alertname"), labels.get("target", ""))
            if key in loud and labels.get("environment") == self._environment:
                over |= self._there.keys() & set(pick(one, "status.silencedBy") or ())
        for id in over:
            await _expire(self._http, id)

    async def _post(self, one: Silence, id: str | None = None) -> None:
        matchers = [_matcher("source", OURS), _matcher("environment", self._environment)]
        if one.name:
            matchers.append(_matcher("alertname", _pattern(one.name), regex=True))
        if one.target:
            matchers.append(_matcher("target", f"{_pattern(one.target)}(/.*)?", regex=True))
        body = {
            "matchers": matchers, "startsAt": rfc3339(one.at), "endsAt": rfc3339(one.until),
            "createdBy": one.by, "comment": f"{one.reason} [ainur-tui:{one.id}]",
        }  # fmt: skip
        await self._http.send("POST", PATH, json=body | ({"id": id} if id else {}))


async def _expire(http: HttpClient, id: str) -> None:
    await http.send("DELETE", f"{ONE}/{segment(id)}")


def _matcher(name: str, value: str, *, regex: bool = False) -> dict[str, Any]:
    return {"name": name, "value": value, "isRegex": regex, "isEqual": True}


def _matchers(one: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Of each label that is asked for: its name, how it is compared, and with what."""
    found = pick(one, "matchers")
    return [
        (clean(m.get("name"), 60), _SIGNS[bool(m.get("isEqual", True)), bool(m.get("isRegex"))],
         clean(m.get("value"), 100))
        for m in (found if isinstance(found, list) else ()) if isinstance(m, dict)
    ]  # fmt: skip


def _pattern(text: str) -> str:
    """Words with ``*`` and ``?`` as a regular expression (RE2 there)."""
    return "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in text)
