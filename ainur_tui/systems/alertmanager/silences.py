"""Silences of an Alertmanager (API v2): theirs as ours, and ours put there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.model.units import rfc3339
from ainur_tui.systems.alertlabels import OURS, moment
from ainur_tui.systems.answers import json_of, pick
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.httpurls import segment

PATH = "/api/v2/silences"
NAME = "alertmanager"
_OURS = {"filter": f'source="{OURS}"'}
_MARK = re.compile(r"\[ainur-tui:(\w+)\]$")
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


def as_ours(mute: Mapping[str, Any], alert: Mapping[str, Any], now: float) -> Silence:
    """A silence of somebody there; without one the alert is inhibited by another."""
    by = clean(mute.get("createdBy") or NAME, 60)
    reason = clean(mute.get("comment") or "inhibited by another alert", 200)
    return Silence(
        id=NAME, name=clean(pick(alert, "labels.alertname") or "", 100), by=by,
        target=clean(pick(alert, "labels.target") or "", 100),
        reason=f"{reason} (in the Alertmanager)", at=moment(mute.get("startsAt")) or now,
        until=moment(mute.get("endsAt")) or moment(alert.get("endsAt")) or now,
    )  # fmt: skip


class Mirror:
    """Keeps a silence there for each of ours that mutes something. It is made before the alert is
    told, and ended when an alert that it would mute is muted here no more."""

    def __init__(self, http: HttpClient, environment: str) -> None:
        self._http = http
        self._environment = environment
        self._there: dict[str, str] = {}

    async def put(self, alerts: Sequence[Alert]) -> None:
        """Put there what is not there yet, or has another end there."""
        wanted = {a.silence.id: a.silence for a in alerts if a.silence and a.silence.id != NAME}
        known = {
            id: one for id, one in (await listed(self._http, only_ours=True)).items()
            if {"name": "environment", "value": self._environment} in _plain(one)
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
            await self._http.send("DELETE", f"/api/v2/silence/{segment(id)}", repeatable=True)

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


def _matcher(name: str, value: str, *, regex: bool = False) -> dict[str, Any]:
    return {"name": name, "value": value, "isRegex": regex, "isEqual": True}


def _plain(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The matchers that ask for one value."""
    found = pick(one, "matchers")
    return [{"name": m.get("name"), "value": m.get("value")}
            for m in (found if isinstance(found, list) else ())
            if isinstance(m, dict) and not m.get("isRegex")]  # fmt: skip


def _pattern(text: str) -> str:
    """Words with ``*`` and ``?`` as a regular expression (RE2 there)."""
    return "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in text)
