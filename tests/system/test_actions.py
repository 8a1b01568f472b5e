"""Restart, scale and back up the living miniature by the command line."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers import Miniature, until

AGAIN = ("--reason", "rehearsal")
"""Other tests did the same to the same miniature: the loop guard wants a reason."""


class Poller:
    """Asks the public endpoint without pause, as users do, and counts what failed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked = 0
        self.failed: list[str] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._end.wait(0.02):
            self.asked += 1
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=10) as answer:
                    if answer.status != 200:
                        self.failed.append(str(answer.status))
            except OSError as error:
                self.failed.append(repr(error))

    @contextmanager
    def asking(self) -> Iterator[Poller]:
        self._thread.start()
        try:
            yield self
        finally:
            self._end.set()
            self._thread.join()


def test_the_catalogue_keeps_the_contract(demo: Miniature) -> None:
    found = demo.program.json("actions")
    by_name = {action["name"]: action for action in found["actions"]}
    assert {"restart", "scale", "backup"} <= by_name.keys()
    assert {"api", "api/machine", "db", "node"} <= set(by_name["restart"]["targets"])
    for action in found["actions"]:
        assert {
            "name", "targets", "risk", "params", "summary", "inverse", "available", "reason",
        } <= action.keys()  # fmt: skip


def test_a_rolling_restart_fails_no_request(demo: Miniature) -> None:
    with Poller(demo.endpoints["api"]).asking() as poller:
        done = demo.program.json("run", "restart", "api", "--yes", *AGAIN, timeout=120)
    assert done["state"] == "verified"
    assert done["verified_by"]
    assert [step["state"] for step in done["steps"]] == ["done"] * len(done["steps"])
    assert poller.asked > 20
    assert poller.failed == []
    kinds = [e["kind"] for e in demo.program.json("journal")["entries"] if e["id"] == done["id"]]
    assert kinds[0] == "intent"
    assert kinds[-1] == "result"


def test_a_dry_run_changes_nothing(demo: Miniature) -> None:
    before = demo.machines()
    done = demo.program.json("run", "scale", "api", "--param", "by=+1", "--dry-run")
    assert done["state"] == "planned"
    assert done["plan"]["steps"]
    assert demo.machines().keys() == before.keys()


def test_scale_up_and_down(demo: Miniature) -> None:
    up = demo.program.json("run", "scale", "api", "--param", "by=+1", "--yes", *AGAIN, timeout=120)
    assert up["state"] == "verified"
    assert len(demo.machines()) == 3
    down = demo.program.json(
        "run", "scale", "api", "--param", "count=2", "--yes", *AGAIN, timeout=120
    )
    assert down["state"] == "verified"
    assert len(demo.machines()) == 2


def test_scaling_to_nothing_is_refused(demo: Miniature) -> None:
    done = demo.program.run("run", "scale", "api", "--param", "count=0", "--yes", "--json")
    assert done.returncode not in {0, 130}
    assert "Traceback" not in done.stderr
    assert len(demo.machines()) == 2


def test_scaling_over_the_connection_budget_is_refused(demo: Miniature) -> None:
    done = demo.program.run("run", "scale", "api", "--param", "count=50", "--yes", "--json")
    assert done.returncode != 0
    assert len(demo.machines()) == 2


def test_downtime_needs_the_name(demo: Miniature) -> None:
    refused = demo.program.run("run", "restart", "db", "--yes", "--json")
    assert refused.returncode in {64, 77}
    done = demo.program.json(
        "run", "restart", "db", "--yes", "--confirm-name", "db", *AGAIN, timeout=120
    )
    assert done["state"] == "verified"
    assert done["risk"] == "R3"


def test_restart_of_the_node(demo: Miniature) -> None:
    done = demo.program.json("run", "restart", "node", "--yes", *AGAIN, timeout=120)
    assert done["state"] == "verified"


def test_read_only_is_enforced(demo: Miniature) -> None:
    done = demo.program.run("--read-only", "run", "restart", "api", "--yes", "--json")
    assert done.returncode == 77


def test_unknown_names_are_usage_errors(demo: Miniature) -> None:
    for words, near in ((("restrat", "api"), "restart"), (("restart", "ap"), "api")):
        done = demo.program.run("run", *words, "--yes", "--json")
        assert done.returncode == 64
        assert near in done.stderr


def _backup_row(done: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = done["backup"]
    return row


def test_a_backup_is_where_it_says_and_what_it_says(demo: Miniature) -> None:
    row = _backup_row(demo.program.json("backup", "create", timeout=120))
    assert row["state"] == "complete"
    assert len(row["locations"]) == 2
    local = next(Path(place) for place in row["locations"] if not place.startswith("s3://"))
    data = local.read_bytes()
    assert len(data) == row["bytes"]
    assert hashlib.sha256(data).hexdigest() == row["sha256"]
    listed = demo.program.json("backup", "list")["backups"]
    assert next(b for b in listed if b["id"] == row["id"])["sha256"] == row["sha256"]
    proven = _backup_row(demo.program.json("backup", "verify", row["id"], timeout=120))
    assert proven["verified_rows"] == row["rows"]


def test_a_store_that_refuses_leaves_no_half_backup(demo: Miniature) -> None:
    first = _backup_row(demo.program.json("backup", "create", timeout=120))
    with demo.broken("storage-refuses-writes"):
        done = demo.program.run("backup", "create", "--json", timeout=120)
        assert done.returncode == 1
        assert json.loads(done.stdout)["state"] == "failed"
    listed = demo.program.json("backup", "list")["backups"]
    assert next(b for b in listed if b["id"] == first["id"])["state"] == "complete"
    assert {b["state"] for b in listed} == {"complete"}


def test_killing_the_command_line_does_not_stop_the_action(demo: Miniature) -> None:
    known = {entry["id"] for entry in demo.program.json("journal")["entries"]}
    child = demo.program.start("run", "restart", "api", "--yes", "--reason", "kill test", "--json")

    def fresh() -> list[dict[str, Any]]:
        entries = demo.program.json("journal")["entries"]
        return [entry for entry in entries if entry["id"] not in known]

    until(lambda: any(e["kind"] == "intent" for e in fresh()), 30, "the intent is written")
    child.send_signal(signal.SIGKILL)
    child.communicate()
    until(lambda: any(e["kind"] == "result" for e in fresh()), 90, "the engine finished")
    entries = fresh()
    assert [e["kind"] for e in entries].count("intent") == 1
    assert next(e["state"] for e in entries if e["kind"] == "result") == "verified"
    assert demo.program.json("journal", "verify")["ok"] is True
