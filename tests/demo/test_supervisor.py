"""A whole miniature: up, told in one line, switched, and gone without trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ainur_tui.config.types import Config
from ainur_tui.demo import configfile
from ainur_tui.demo.faults import FAULTS
from ainur_tui.demo.layout import Layout, free_ports
from ainur_tui.demo.scenarios import SCENARIOS
from tests.demo.asking import accepts
from tests.helpers import Program, processes_of, until
from tests.system import test_faults

pytestmark = pytest.mark.timeout(90)


def start(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ainur_tui.demo.supervisor", "--dir", str(directory)],
        stdout=subprocess.PIPE,
        stderr=(directory.parent / "said").open("w"),
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    directory = tmp_path_factory.mktemp("whole") / "demo"
    process = start(directory)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first, (directory.parent / "said").read_text()
    ready: dict[str, Any] = json.loads(first)
    yield ready
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    process.stdout.close()
    until(lambda: not processes_of(directory), 5, "every process has ended")
    assert not accepts(int(ready["endpoints"]["postgres"].rpartition(":")[2].split("/")[0]))
    assert not directory.exists()


def ask(url: str, method: str = "GET") -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as answer:
        return json.loads(answer.read())


def test_the_first_line_keeps_the_contract(mini: dict[str, Any]) -> None:
    assert mini["version"] == 1
    assert mini["seed"] == 1
    assert mini["endpoints"].keys() == {
        "api", "api_machines", "fly", "postgres", "node_http", "node_ws", "node_metrics", "s3",
        "frontend", "frontend_https", "api_https", "loki", "faults", "alertmanager",
    }  # fmt: skip
    for machine in mini["endpoints"]["api_machines"]:
        assert ask(f"{machine}/health")["status"] == "healthy"
    assert len(mini["endpoints"]["api_machines"]) == 2
    assert ask(mini["endpoints"]["api"] + "/health")["status"] == "healthy"


def test_the_configuration_is_an_ordinary_one(mini: dict[str, Any]) -> None:
    text = Path(mini["config"]).read_text()
    config = msgspec.toml.decode(text, type=Config)
    demo = config.environment["demo"]
    assert config.default_environment == "demo"
    for section in (demo.api, demo.fly, demo.postgres, demo.node, demo.storage, demo.frontend):
        assert section is not None
        assert section.interval == 2
    assert Path(mini["config"]).stat().st_mode & 0o077 == 0
    secrets = (Path(mini["config"]).parent / "secrets").iterdir()
    assert all(file.read_text().strip() not in text for file in secrets)


def test_faults_are_listed_and_switched(mini: dict[str, Any]) -> None:
    url = mini["endpoints"]["faults"]
    assert {each["name"] for each in ask(f"{url}/faults")["faults"]} == set(FAULTS)
    assert ask(f"{url}/faults/api-5xx", "PUT")["on"] is True
    assert [each["name"] for each in ask(url)["faults"] if each["on"]] == ["api-5xx"]
    assert ask(f"{url}/faults/api-5xx", "DELETE")["on"] is False
    with pytest.raises(urllib.error.HTTPError):
        ask(f"{url}/faults/nonsense", "PUT")


def test_a_fault_that_cannot_bite_says_why(mini: dict[str, Any], tmp_path: Path) -> None:
    done = Program(Path(mini["config"]), tmp_path).run("demo", "fault", "disk-filling")
    assert done.returncode == 69
    assert "the miniature refused it: take a backup first" in done.stderr
    assert not any(each["on"] for each in ask(mini["endpoints"]["faults"])["faults"])


def test_users_keep_the_miniature_busy(mini: dict[str, Any]) -> None:
    def requests() -> bool:
        found = [ask(f"{m}/metrics/summary?shape=guide") for m in mini["endpoints"]["api_machines"]]
        return all(each["http"]["requests_total"] > 5 for each in found)

    until(requests, 15, "users ask both machines")
    assert requests()


def test_a_second_one_in_the_same_place_is_refused(mini: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ainur_tui.demo.supervisor", "--dir",
         str(Path(mini["config"]).parent)],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 75
    assert "another miniature" in done.stderr


def test_a_killed_part_is_started_again(mini: dict[str, Any]) -> None:
    directory = Path(mini["config"]).parent

    def worker() -> int | None:
        found = [p.pid for p in processes_of(directory) if "ainur_tui.demo.workload" in p.cmdline()]
        return found[0] if found else None

    first = until(worker, 10, "the workload runs")
    os.kill(first, signal.SIGKILL)
    until(lambda: worker() not in {None, first}, 10, "the workload runs again")
    assert worker() != first


def test_a_killed_supervisor_leaves_nothing(tmp_path: Path) -> None:
    process = start(tmp_path / "demo")
    until(lambda: len(processes_of(tmp_path)) > 5, 20, "the processes run")
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    until(lambda: not processes_of(tmp_path), 20, "every process has ended by itself")
    assert not processes_of(tmp_path)


def test_names_of_faults_are_the_agreed_ones() -> None:
    assert set(FAULTS) == {
        *test_faults.FAULTS, *test_faults.DURING_ACTIONS, *test_faults.OF_THE_CHAIN,
        *test_faults.UNTIL_MENDED, *test_faults.NEEDING_A_BACKUP, *test_faults.BY_HANDSHAKE,
    }  # fmt: skip
    assert {act.fault for acts in SCENARIOS.values() for act in acts} <= set(FAULTS)
    assert all(act.begins < act.ends for acts in SCENARIOS.values() for act in acts)


def test_ports_differ_and_paths_with_quotes_survive(tmp_path: Path) -> None:
    ports = free_ports()
    assert len(set(ports.values())) == len(ports)
    odd = tmp_path / 'a "quoted" \\ path'
    text = configfile.config_text(Layout(odd, 1, ports))
    demo = tomllib.loads(text)["environment"]["demo"]
    assert demo["state_dir"] == str(odd / "state")
    assert msgspec.convert(tomllib.loads(text), Config)
