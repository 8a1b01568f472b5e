"""What goes wrong while something is done: never "verified" when it is not, nothing done twice."""

from __future__ import annotations

import json
import tomllib
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from ainur_tui.client.errors import CallError
from ainur_tui.client.remote import Remote
from ainur_tui.model.runcalls import PlanQuery, RunCall
from ainur_tui.model.wire import PROTOCOL, Hello
from tests.helpers import Miniature, until


def asked(demo: Miniature, path: str) -> Any:
    """What the platform itself says, asked beside the program."""
    settings = tomllib.loads((demo.directory / "config.toml").read_text())
    fly = settings["environment"]["demo"]["fly"]
    token = Path(fly["token"]["file"]).read_text().strip()
    request = urllib.request.Request(
        f"{demo.endpoints['fly']}/v1/apps/{fly['app']}/{path}",
        headers={"authorization": token if " " in token else f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def listed(demo: Miniature) -> list[dict[str, Any]]:
    """The machines as the platform has them."""
    gone = {"destroyed", "destroying"}
    return [machine for machine in asked(demo, "machines") if machine["state"] not in gone]


def starts(demo: Miniature) -> dict[str, set[str]]:
    """The starts of each machine that the platform remembers (it forgets the oldest)."""
    return {
        machine["id"]: {event["id"] for event in machine["events"] if event["type"] == "start"}
        for machine in listed(demo)
    }


def begun_since(demo: Miniature, before: dict[str, set[str]], id: str) -> int:
    """How often that machine was started since."""
    return len(starts(demo)[id] - before[id])


def act(demo: Miniature, *words: str) -> dict[str, Any]:
    """Run it to its end, whatever that is."""
    argv = ("run", *words, "--yes", "--reason", "rehearsal")
    found: dict[str, Any] = demo.program.json(*argv, codes=(0, 1, 69, 75), timeout=100)
    return found


def back_to_two(demo: Miniature) -> None:
    if len(listed(demo)) != 2:
        assert act(demo, "scale", "api", "--param", "count=2")["state"] == "verified"
    assert len(listed(demo)) == 2


def test_a_lease_of_someone_else_is_respected(demo: Miniature) -> None:
    before = starts(demo)
    id = sorted(before)[0]
    with demo.broken("fly-lease-held"):
        until(lambda: _held(demo, id), 10, "it is held")
        done = act(demo, "restart", f"api/machine/{id}")
    assert done["state"] in {"failed", "refused"}
    assert "someone else works on" in json.dumps(done) or "lease" in json.dumps(done)
    assert starts(demo) == before


def _held(demo: Miniature, id: str) -> bool:
    """A fault is polled, so its effect is not there at once."""
    try:
        return bool(asked(demo, f"machines/{id}/lease"))
    except HTTPError:
        return False


def test_no_room_means_no_machine_and_says_so(demo: Miniature) -> None:
    with demo.broken("fly-no-capacity"):
        done = act(demo, "scale", "api", "--param", "by=+1")
    assert done["state"] == "failed"
    assert "capacity" in done["message"]
    assert len(listed(demo)) == 2


def test_a_lost_answer_makes_no_second_machine(demo: Miniature) -> None:
    with demo.broken("fly-answer-lost"):
        done = act(demo, "scale", "api", "--param", "by=+1")
        count = len(listed(demo))
    assert count in {2, 3}
    assert (done["state"] == "verified") <= (count == 3)
    back_to_two(demo)


@pytest.mark.parametrize("fault", ["fly-answer-lost", "fly-rate-limited"])
def test_what_gets_no_answer_or_is_turned_away_is_done_once_at_most(
    demo: Miniature, fault: str
) -> None:
    before = starts(demo)
    id = sorted(before)[0]
    with demo.broken(fault):
        done = act(demo, "restart", f"api/machine/{id}")
    count = begun_since(demo, before, id)
    assert count <= 1
    assert (done["state"] == "verified") <= (count == 1)


def test_a_machine_that_is_not_healthy_is_not_verified(demo: Miniature) -> None:
    id = sorted(starts(demo))[0]
    words = ("run", "restart", f"api/machine/{id}", "--yes", "--reason", "rehearsal", "--detach")

    def results() -> list[str]:
        entries = demo.program.json("journal")["entries"]
        return [e["state"] for e in entries if e["id"] == begun and e["kind"] == "result"]

    with demo.broken("api-never-healthy"):
        begun = demo.program.json(*words)["id"]
        until(lambda: demo.state(f"api/machine/{id}", "--fresh") != "up", 20, "it is not well")
        assert results() == []
    until(results, 60, "the run ends once the machine is well")
    assert results() == ["verified"]
    demo.becomes(f"api/machine/{id}", "up")


def _settled(demo: Miniature, count: int) -> bool:
    found = listed(demo)
    checks = [check["status"] for machine in found for check in machine["checks"]]
    return len(found) == count and len(checks) == count and set(checks) == {"passing"}


async def test_a_world_that_moved_stops_the_run(demo: Miniature) -> None:
    demo.check("--fresh")
    demo.program.json("run", "restart", "api", "--dry-run")
    hello = Hello(protocol=PROTOCOL, version="0", access="operate", operator="mira")
    (socket,) = (demo.directory / "run").rglob("*.sock")
    async with await Remote.open(socket, hello) as engine:
        plan = await engine.call("plan", PlanQuery(action="restart", target="api"))
        before = len(listed(demo))
        with demo.broken("fly-external-change"):
            until(lambda: _settled(demo, before + 1), 20, "someone else made a machine")
            order = RunCall(
                action="restart", target="api", key="moved", seen=plan.before, reason="rehearsal"
            )
            with pytest.raises(CallError, match="the world has moved"):
                await engine.call("run", order)
        until(lambda: _settled(demo, before), 20, "and took it away")


def _refused(demo: Miniature) -> bool:
    try:
        listed(demo)
    except HTTPError as error:
        return error.code == 401
    return False


def test_a_token_that_ends_half_way_is_no_success(demo: Miniature) -> None:
    words = ("run", "scale", "api", "--param", "by=+1", "--yes", "--reason", "rehearsal")

    def results() -> list[str]:
        entries = demo.program.json("journal")["entries"]
        return [e["state"] for e in entries if e["id"] == begun and e["kind"] == "result"]

    with demo.broken("fly-token-expired"):
        begun = demo.program.json(*words, "--detach")["id"]
        until(lambda: _refused(demo), 20, "the token has ended")
        assert "verified" not in results()
    until(results, 90, "the run has a verdict")
    assert len(listed(demo)) in {2, 3}
    assert (results() == ["verified"]) <= (len(listed(demo)) == 3)
    back_to_two(demo)
