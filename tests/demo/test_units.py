"""The stand-ins for systemctl and journalctl, with a unit that does what it is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from ainur_tui.demo.service import free_port
from ainur_tui.demo.units.journal import Journal, moment
from tests.demo.processes import component
from tests.helpers import until

UNIT = """
import sys, time
out = sys.stdout.buffer
out.write("2026-11-24 02:00:05 💤 Idle\\n".encode() + b"\\x1b[31mred\\n" + b"\\xff\\n")
out.flush()
time.sleep(1000)
"""


@dataclass
class Place:
    directory: Path

    def run(self, tool: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [str(self.directory / "bin" / tool), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)

    def show(self, unit: str = "ainur-node") -> dict[str, str]:
        done = self.run("systemctl", "show", unit, "--no-pager")
        assert done.returncode == 0
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    def records(self, *words: str) -> list[dict[str, object]]:
        done = self.run("journalctl", "-u", "ainur-node", "-o", "json", "--no-pager", *words)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("units and a space")
    (directory / "unit.py").write_text(UNIT)
    command = [sys.executable, str(directory / "unit.py")]
    spec = {"port": free_port(), "units": {"ainur-node": {"command": command, "env": {}}}}
    (directory / "units.json").write_text(json.dumps(spec))
    found = Place(directory)
    with component("units", directory) as process:
        script = directory / "bin" / "systemctl"
        until(script.exists, 10, "the stand-ins are written")
        until(
            lambda: found.run("systemctl", "is-active", "ainur-node").returncode == 0,
            10,
            "the unit is active",
        )
        until(lambda: len(found.records()) >= 4, 10, "the unit has said its lines")
        yield found
        children = psutil.Process(process.pid).children()
    assert children
    assert not psutil.wait_procs(children, 5)[1]


def test_a_unit_is_told_in_systemds_words(place: Place) -> None:
    shown = place.show()
    assert (shown["LoadState"], shown["ActiveState"], shown["SubState"]) == (
        "loaded", "active", "running",
    )  # fmt: skip
    assert psutil.pid_exists(int(shown["MainPID"]))
    assert int(shown["MemoryCurrent"]) > 1_000_000
    assert shown["ActiveEnterTimestamp"].endswith(" UTC")
    done = place.run("systemctl", "show", "ainur-node", "--property=MainPID,NRestarts")
    assert {line.split("=")[0] for line in done.stdout.splitlines()} == {"MainPID", "NRestarts"}
    done = place.run("systemctl", "show", "ainur-node.service", "-p", "SubState", "--value")
    assert done.stdout == "running\n"
    assert "Active: active (running)" in place.run("systemctl", "status", "ainur-node").stdout
    for tool in ("systemctl", "journalctl"):
        assert place.run(tool, "--version").stdout.startswith("systemd 252")


def test_an_unknown_unit_is_said_as_systemd_says_it(place: Place) -> None:
    assert place.show("nobody")["LoadState"] == "not-found"
    done = place.run("systemctl", "restart", "nobody")
    assert done.returncode == 5
    assert done.stderr == "Failed to restart nobody.service: Unit nobody.service not found.\n"
    assert place.run("systemctl", "is-active", "nobody").returncode == 3
    assert place.run("systemctl", "status", "nobody").returncode == 4
    assert place.run("systemctl", "dance", "nobody").returncode == 1


def test_stop_start_restart_wait_until_it_is_done(place: Place) -> None:
    before = place.show()["MainPID"]
    assert place.run("systemctl", "restart", "ainur-node").returncode == 0
    after = place.show()
    assert after["MainPID"] != before
    assert after["ActiveState"] == "active"
    assert not psutil.pid_exists(int(before))
    assert place.run("systemctl", "stop", "ainur-node").returncode == 0
    done = place.run("systemctl", "is-active", "ainur-node")
    assert (done.returncode, done.stdout) == (3, "inactive\n")
    assert place.show()["MemoryCurrent"] == "[not set]"
    assert place.run("systemctl", "start", "ainur-node").returncode == 0
    assert place.show()["NRestarts"] == "0"


def test_a_killed_unit_comes_back_and_is_counted(place: Place) -> None:
    before = place.show()
    os.kill(int(before["MainPID"]), signal.SIGKILL)

    def again() -> dict[str, str] | None:
        shown = place.show()
        fresh = shown["MainPID"] not in {"0", before["MainPID"]}
        return shown if fresh and shown["ActiveState"] == "active" else None

    shown = until(again, 10, "the unit is started again")
    assert int(shown["NRestarts"]) == int(before["NRestarts"]) + 1
    said = [str(record["MESSAGE"]) for record in place.records()]
    assert any("code=killed, status=9/KILL" in text for text in said)


def test_records_have_journalds_fields(place: Place) -> None:
    own = [r for r in place.records() if r["_SYSTEMD_UNIT"] == "ainur-node.service"]
    assert [record["MESSAGE"] for record in own[:3]] == [
        "2026-11-24 02:00:05 💤 Idle", list(b"\x1b[31mred"), [255],
    ]  # fmt: skip
    assert own[0]["PRIORITY"] == "6"
    assert abs(int(str(own[0]["__REALTIME_TIMESTAMP"])) / 1e6 - time.time()) < 100
    assert place.records("--after-cursor", str(own[0]["__CURSOR"]))[0] == own[1]
    everything = place.records()
    assert place.records("-n", "2") == everything[-2:]
    assert place.records("--since", "-1h") == everything
    assert place.records("--since", f"@{time.time() + 60:.0f}") == []
    assert place.run("journalctl", "--since", "soon").returncode == 1
    assert "Idle" in place.run("journalctl", "-u", "ainur-node").stdout


def test_following_shows_what_comes(place: Place) -> None:
    argv = [str(place.directory / "bin" / "journalctl"), "-u", "ainur-node", "-o", "json", "-f"]
    with subprocess.Popen([*argv, "-n", "0"], stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        assert place.run("systemctl", "restart", "ainur-node").returncode == 0
        said = [json.loads(follower.stdout.readline())["MESSAGE"] for _ in range(5)]
        follower.terminate()
    assert any(str(text).startswith("Started ainur-node.service") for text in said)


def test_moments_are_understood() -> None:
    now = 1_700_000_000.0
    assert moment("@5.5", now) == 5_500_000
    assert moment("-1h", now) == int((now - 3600) * 1e6)
    assert moment("2 min 3 sec ago", now) == int((now - 123) * 1e6)
    assert moment("2023-11-14 22:13:20", now) == int(now * 1e6)
    with pytest.raises(ValueError, match="soon"):
        moment("soon", now)


async def test_the_cursor_of_another_journal_means_its_time() -> None:
    journal, other = Journal(lambda: 100.0), Journal(lambda: 100.000001)
    for each in (journal, other):
        each.write("a.service", 1, "a", [b"1", b"2", b"3"])
    cursor = other.cursor(next(iter(other.after(0, set()))))
    assert [e.message for e in journal.after(journal.number_at(cursor), set())] == [b"3"]
    with pytest.raises(ValueError, match="x=1"):
        journal.number_at("x=1")
