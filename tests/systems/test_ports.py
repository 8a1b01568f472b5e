"""What can be reached, and whether it should be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest

from ainur_tui.config.types import Api, Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.systems import ports
from ainur_tui.systems.base import Context
from ainur_tui.systems.elsewhere import dialled
from ainur_tui.systems.ports import INTERNAL, PUBLIC, dial, exposures, inside, outside
from tests.systems.test_journald import argv, context, tool
from tests.systems.web import answer_with, raw_server

__all__ = ["context"]


async def look(*open: int) -> tuple[str, str]:
    asked: list[int] = []

    async def answers(host: str, port: int) -> bool:
        assert host == "api.example.org"
        asked.append(port)
        return port in open

    found = await outside("api.example.org", answers)
    assert set(asked) == {*PUBLIC, *INTERNAL}
    return found.state, found.words


async def test_internal_ports_that_answer_are_named() -> None:
    assert await look(443) == ("ok", "open: 443 (HTTPS)")
    assert (await look())[0] == "ok"
    state, words = await look(443, 5432, 9944)
    assert state == "warn"
    assert words.startswith("open to others: 5432 (PostgreSQL), 9944 (the node's RPC)")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "::1", "ainur-db.internal", "db"])
async def test_what_strangers_cannot_reach_is_not_asked(host: str) -> None:
    async def never(host: str, port: int) -> bool:
        raise AssertionError(f"{host}:{port} was asked")

    assert (await outside(host, never)).state == "note"


@pytest.mark.parametrize(
    ("there", "here", "state", "words"),
    [
        ([443], [443, 5432], "ok", "from ops@vps open: 443 (HTTPS); only from here: 5432 (Post"),
        ([5432], [], "warn", "from ops@vps open to others: 5432 (PostgreSQL); close them"),
        ([], [], "ok", "from ops@vps no known port is open"),
    ],
)
async def test_what_is_open_to_the_world_is_judged_from_elsewhere(
    there: list[int], here: list[int], state: str, words: str
) -> None:
    async def answers(_: str, port: int) -> bool:
        return port in here

    found = await outside("db.example.org", answers, there, "ops@vps")
    assert found.state == state
    assert found.words.startswith(words)


FAR = r"""
script = sys.stdin.read()
open({told!r}, "w").write(script)
import subprocess
done = subprocess.run([sys.executable, "-I", "-"], input=script.encode(), stdout=subprocess.PIPE)
sys.stdout.write("Welcome\x1b[2J\n" + done.stdout.decode())
"""


async def test_another_machine_dials_by_its_own_python(tmp_path: Path, context: Context) -> None:
    tool(tmp_path, "ssh", FAR.format(told=str(tmp_path / "script")))
    async with raw_server(answer_with(b"")) as peer:
        port = int(peer.rpartition(":")[2])
        wanted = [("127.0.0.1", port), ("no such host'; reboot", 1)]
        assert await dialled("ops@vps", wanted, context) == {wanted[0]: True, wanted[1]: False}
    (words,) = argv(tmp_path, "ssh")
    assert words[-5:] == ["--", "ops@vps", "python3", "-I", "-"]
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes"} <= set(words)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('[true, true, true]')", "no answer to this"),
        ("print('[1]')", "no answer to this"),
        ("print('\\x1b]0;x\\x07')", "no answer to this"),
        ("print('x' * 200000)", "wrote more than"),
        ("sys.stderr.write('python3: not found'); sys.exit(127)", "it has no python3"),
        ("sys.stderr.write('Permission denied (publickey).'); sys.exit(255)", "Permission denied"),
    ],
)
async def test_an_answer_of_another_kind_is_none(
    tmp_path: Path, context: Context, body: str, said: str
) -> None:
    tool(tmp_path, "ssh", f"sys.stdin.read()\n{body}\n")
    with pytest.raises(ProbeFailure, match=said):
        await dialled("vps", [("a.example.org", 1)], context)


async def test_what_could_not_be_looked_at_from_there_is_as_seen_from_here(
    tmp_path: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def closed(host: str, port: int) -> bool:
        assert (host, port > 0) == ("a.invalid", True)
        return False

    monkeypatch.setattr(ports, "dial", closed)
    tool(tmp_path, "ssh", "sys.stderr.write('\x1b[2JHost key verification failed.'); sys.exit(255)")
    environment = Environment(
        name="test", outside="vps", api=Api(url="https://a.invalid"), host=None
    )
    found = {one.name: one for one in await exposures(environment, context)}
    assert found["vps"].state == "warn"
    assert "Host key verification failed" in found["vps"].words
    assert found["a.invalid"].words == "no known port is open"
    assert "\x1b" not in str(found)


async def test_where_nobody_looks_from_is_said(context: Context) -> None:
    environment = Environment(name="test", api=Api(url="http://127.0.0.1"), host=None)
    found = {one.name: one for one in await exposures(environment, context)}
    assert "outside" in found["elsewhere"].words


def test_what_listens_here_for_others() -> None:
    def refused() -> Iterable[tuple[str, int]]:
        raise psutil.AccessDenied

    assert inside(lambda: [("127.0.0.1", 5432), ("::1", 9944), ("0.0.0.0", 22)]).words == (
        "open: 22 (SSH)"
    )
    assert inside(lambda: [("::", 9090), ("192.168.1.2", 1234)]).state == "warn"
    assert inside(refused).state == "note"


async def test_a_port_takes_a_connection_or_not() -> None:
    async with raw_server(answer_with(b"")) as peer:
        host, _, port = peer.partition(":")
        assert await dial(host, int(port))
    assert not await dial(host, int(port))
