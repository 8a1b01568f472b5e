"""An Alertmanager as a source and as a receiver: the miniature's, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from msgspec.structs import replace

from ainur_tui.config.types import Alertmanager, Alerts, Environment, Notify
from ainur_tui.demo.alertmanager import Alertmanager as Server
from ainur_tui.engine.alerts.foreign import Told, silenced
from ainur_tui.engine.alerts.notifier import watchdog
from ainur_tui.engine.probing.connecting import Redaction
from ainur_tui.model.alert import Alert, Silence
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.systems.alertmanager.system import connect
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.httptls import unusable
from ainur_tui.systems.notify.system import AppriseReceiver
from ainur_tui.systems.notify.system import connect as connect_people
from ainur_tui.systems.system import System
from ainur_tui.systems.telling import Message
from tests.systems.judges import recorded
from tests.systems.web import RealClock, app_server

DOWN = Alert(name="ApiDown", target="api", state="firing", severity="P1", since=1_795_000_000.0,
             summary="api is down", caused_by="db")  # fmt: skip

CONTEXT = Context("test", RealClock(), Redaction(), Tools(lambda _: None), Secret)  # type: ignore[arg-type]


@asynccontextmanager
async def alertmanager(**section: Any) -> AsyncIterator[tuple[str, System]]:
    async with app_server(Server().application()) as url:
        own = Environment(alertmanager=Alertmanager(url=url, **section))
        made = connect(own, CONTEXT)
        assert made is not None
        assert made.close is not None
        yield url, made
        await made.close()


async def there(url: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient() as http:
        found: list[dict[str, Any]] = (await http.get(f"{url}/api/v2/alerts")).json()
        return found


async def test_it_is_told_what_fires_and_what_is_over_and_tells_us_nothing_of_it() -> None:
    async with alertmanager() as (url, system):
        (receiver,) = system.receivers
        await receiver.send([Message(DOWN, "fires", DOWN.since),
                             Message(watchdog(5.0), "fires", 5.0)])  # fmt: skip
        down, dog = await there(url)
        assert down["labels"] == {
            "alertname": "ApiDown", "severity": "critical", "priority": "P1", "target": "api",
            "environment": "test", "source": "ainur-tui",
        }  # fmt: skip
        assert down["annotations"] == {"summary": "api is down", "caused_by": "db"}
        assert dog["labels"]["alertname"] == "Watchdog"
        assert dog["endsAt"] < down["endsAt"], "the watchdog is missed soon"
        assert (await system.probes[0].read()).alerts == [], "our own are no news"
        await receiver.send([Message(DOWN, "over", DOWN.since)])
        assert [one["labels"]["alertname"] for one in await there(url)] == ["Watchdog"]


async def test_what_others_told_it_is_shown_with_its_severity() -> None:
    theirs = {"labels": {"alertname": "Disk", "severity": "critical", "disk": "sdb\x1b[31m"},
              "annotations": {"description": "smart"}}  # fmt: skip
    async with alertmanager() as (url, system), httpx.AsyncClient() as http:
        answer = await http.post(f"{url}/api/v2/alerts", json=[theirs, {**theirs, "labels": {
            "alertname": "Db", "target": "db"}}])  # fmt: skip
        assert answer.status_code == 200
        found = (await system.probes[0].read()).alerts
        assert found is not None
        assert [(a.name, a.target, a.severity, a.summary) for a in found] == [
            ("Disk disk=sdb␛[31m", "alertmanager", "P2", "smart"), ("Db", "db", "P3", "smart"),
        ]  # fmt: skip
        bad = await http.post(f"{url}/api/v2/alerts", content=b'[{"labels": {}}]')
        assert bad.status_code == 400


async def test_what_is_silenced_there_calls_nobody_here() -> None:
    status = {"state": "suppressed", "silencedBy": ["1"], "inhibitedBy": []}
    muted = [{"labels": {"alertname": "X"}, "annotations": {}, "startsAt": "2026-11-30T02:00:00Z",
              "endsAt": "2026-11-30T03:00:00Z", "status": status}]  # fmt: skip

    theirs = [{"id": "1", "createdBy": "jon", "comment": "known\x1b", "status": {"state": "active"},
               "startsAt": "2026-11-30T02:00:00Z", "endsAt": "2026-11-30T04:00:00Z"}]  # fmt: skip

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(muted)

    async def known(_: web.Request) -> web.Response:
        return web.json_response(theirs)

    app = web.Application()
    app.add_routes([web.get("/api/v2/alerts", answer), web.get("/api/v2/silences", known)])
    async with app_server(app) as url:
        own = Environment(alertmanager=Alertmanager(url=url))
        made = connect(own, CONTEXT)
        assert made is not None
        (alert,) = (await made.probes[0].read()).alerts or []
        assert alert.quiet
        assert alert.silence is not None
        told = alert.silence
        assert (told.by, told.reason) == ("jon", "known␛ (in the Alertmanager)")
        assert told.until - told.at == 7200, "the silence's end, not the alert's"
        assert made.close is not None
        await made.close()


async def test_the_answers_of_a_real_one_are_understood() -> None:
    app = web.Application()
    app.add_routes([web.get("/api/v2/alerts", answered("alerts.json")),
                    web.get("/api/v2/silences", answered("silences.json"))])  # fmt: skip
    async with app_server(app) as url:
        made = connect(Environment(alertmanager=Alertmanager(url=url)), CONTEXT)
        assert made is not None
        found = {a.name: a for a in (await made.probes[0].read()).alerts or ()}
        assert found.keys() == {"TargetDown instance=10.0.0.7:1", "LongPending instance=10.0.0.7:1"}
        down = found["TargetDown instance=10.0.0.7:1"]
        assert down.silence is not None
        assert (down.silence.by, down.severity) == ("mira", "P2")
        assert made.close is not None
        await made.close()


def answered(name: str) -> Any:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(recorded(name))

    return answer


async def test_it_is_not_told_where_that_is_not_wanted() -> None:
    async with alertmanager(send=False) as (_, system):
        assert system.receivers == ()


async def test_people_are_told_through_apprise_and_never_the_address() -> None:
    got: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        got.append(json.loads(await request.text()))
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/canary", take)])
    async with app_server(app) as url:
        address = Secret(url.replace("http://", "json://") + "/canary")
        section = Notify(send_to="unused", severities=["P1"])
        people = AppriseReceiver("oncall", section, address, "test")
        await people.send([Message(DOWN, "fires", DOWN.since, 3)])
        await people.send([Message(DOWN, "fires", DOWN.since)] * 25)
        assert got[0]["title"] == "test: P1 ApiDown on api fires"
        assert "api is down (+3 symptoms), since 2026-" in got[0]["message"]
        assert got[1]["title"] == "test: 25 alerts firing, worst P1"
        assert got[1]["message"].endswith("and 5 more")
        nobody = AppriseReceiver("x", section, Secret("nosuch://canary"), "test")
        with pytest.raises(ProbeFailure, match="does not know such") as failure:
            await nobody.send([Message(DOWN, "fires", 1.0)])
        assert "canary" not in str(failure.value)


def test_a_console_that_reads_calls_nobody() -> None:
    alerts = Alerts(notify={"oncall": Notify(send_to="json://x")})
    for access, count in (("read", 0), ("operate", 1)):
        found = connect_people(Environment(alerts=alerts, access=access), CONTEXT)  # type: ignore[arg-type]
        assert found is not None
        assert len(found.receivers) == count


SILENCE = Silence(id="3fa9c1", name="Api*", target="api", by="mira", reason="drill",
                  at=DOWN.since, until=4_000_000_000.0)  # fmt: skip


async def silenced_there(url: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"{url}/api/v2/silences")).json()
        return [one for one in found if one["status"]["state"] == "active"]


async def test_what_is_silenced_here_is_silenced_there_and_ends_with_it() -> None:
    async with alertmanager() as (url, system):
        (receiver,), (probe,) = system.receivers, system.probes
        mine = replace(DOWN, silence=SILENCE)
        for _ in range(2):
            await receiver.send([Message(mine, "fires", DOWN.since)])
        (there,) = await silenced_there(url)
        assert there["comment"] == "drill [ainur-tui:3fa9c1]"
        assert {m["name"]: m["value"] for m in there["matchers"]} == {
            "source": "ainur-tui", "environment": "test", "alertname": "Api.*",
            "target": "api(/.*)?",
        }  # fmt: skip
        assert (await probe.read()).muted == {}, "it is ours; it is known better here"
        longer = replace(SILENCE, until=4_100_000_000.0)
        await receiver.send([Message(replace(DOWN, silence=longer), "still fires", DOWN.since)])
        (there,) = await silenced_there(url)
        assert there["endsAt"].startswith("2099-12-03")
        await receiver.send([Message(DOWN, "still fires", DOWN.since)])
        assert await silenced_there(url) == []


async def test_what_somebody_silences_there_is_silenced_here() -> None:
    async with alertmanager() as (url, system), httpx.AsyncClient() as http:
        (receiver,), (probe,) = system.receivers, system.probes
        await receiver.send([Message(DOWN, "fires", DOWN.since)])
        matchers = [{"name": "alertname", "value": "ApiDown", "isRegex": False}]
        made = await http.post(f"{url}/api/v2/silences", json={
            "matchers": matchers, "startsAt": "2026-11-30T02:00:00Z",
            "endsAt": "2096-10-02T00:00:00Z", "createdBy": "jon", "comment": "known"})  # fmt: skip
        assert made.status_code == 200
        sample = await probe.read()
        mute = sample.muted["ApiDown", "api"]
        assert (mute.by, mute.origin, sample.alerts) == ("jon", "alertmanager", [])
        assert sample.silences == [mute]
        (alert,) = silenced([DOWN], {"alertmanager": Told((), (), 0.0, False, sample.muted)}, 5.0)
        assert alert.quiet
        await receiver.send([Message(alert, "still fires", DOWN.since)])
        await receiver.send([Message(DOWN, "still fires", DOWN.since)])
        assert len(await silenced_there(url)) == 1, "theirs is neither copied nor ended"


async def test_their_silences_are_listed_with_what_they_ask_and_ended_there() -> None:
    def matcher(name: str, value: str, **more: bool) -> dict[str, Any]:
        return {"name": name, "value": value, "isRegex": False} | more

    async with alertmanager() as (url, system), httpx.AsyncClient() as http:
        body = {"startsAt": "2026-11-30T02:00:00Z", "endsAt": "2096-10-02T00:00:00Z",
                "createdBy": "jon", "comment": "known\x1b"}  # fmt: skip
        for more in (
            {"matchers": [matcher("alertname", "Disk"), matcher("target", "host"),
                          matcher("disk", "sd.*", isRegex=True)]},
            {"matchers": [matcher("team", "web", isEqual=False)],
             "startsAt": "2096-10-01T00:00:00Z"},
        ):  # fmt: skip
            assert (await http.post(f"{url}/api/v2/silences", json=body | more)).status_code == 200
        first, second = (await system.probes[0].read()).silences
        assert (first.name, first.target, first.by) == ("Disk disk=~sd.*", "host", "jon")
        assert first.reason == "known␛ (in the Alertmanager)"
        assert (second.name, second.target) == ("team!=web", "")
        assert "from 2096-10-01 00:00:00 UTC" in second.reason
        silencer = system.silencer
        assert silencer is not None
        await silencer.end(first.id)
        assert (await system.probes[0].read()).silences == [second]
        with pytest.raises(ProbeFailure, match="silence not found"):
            await silencer.end("nowhere")


async def test_a_silence_that_holds_though_its_end_was_taken_is_no_success() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"status": {"state": "active"}})

    app = web.Application()
    app.add_routes([web.delete("/api/v2/silence/a", answer), web.get("/api/v2/silence/a", answer)])
    async with app_server(app) as url:
        made = connect(Environment(alertmanager=Alertmanager(url=url)), CONTEXT)
        assert made is not None
        assert made.silencer is not None
        with pytest.raises(ProbeFailure, match="the silence holds"):
            await made.silencer.end("a")
        assert made.close is not None
        await made.close()


async def test_alerts_are_told_though_silences_cannot_be() -> None:
    got: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/api/v2/alerts", take)])
    async with app_server(app) as url:
        made = connect(Environment(alertmanager=Alertmanager(url=url)), CONTEXT)
        assert made is not None
        with pytest.raises(ProbeFailure, match="alerts arrived, silences not"):
            await made.receivers[0].send([Message(replace(DOWN, silence=SILENCE), "fires", 1.0)])
        assert len(got) == 1
        assert made.close is not None
        await made.close()


@pytest.mark.parametrize(
    ("user", "sent"), [(None, "Bearer canary"), ("mira", "Basic bWlyYTpjYW5hcnk=")]
)
async def test_what_it_asks_for_is_sent(user: str | None, sent: str) -> None:
    seen: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("authorization"))
        return web.json_response([])

    app = web.Application()
    app.add_routes([web.get("/prefix/api/v2/alerts", answer),
                    web.get("/prefix/api/v2/silences", answer)])  # fmt: skip
    async with app_server(app) as url:
        section = Alertmanager(url=f"{url}/prefix", user=user, token="canary")
        made = connect(Environment(alertmanager=section), CONTEXT)
        assert made is not None
        await made.probes[0].read()
        assert seen == [sent, sent]
        assert made.close is not None
        await made.close()


def test_an_authority_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    section = Alertmanager(url="https://alerts.example", ca_file=str(tmp_path / "ca.pem"))
    (said,) = unusable(Environment(name="live", alertmanager=section))
    assert said.startswith("environment.live.alertmanager.ca_file: ")
    assert "no such file" in said
