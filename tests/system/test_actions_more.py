"""Each action of the service management once, by the command line, with its way back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.helpers import Miniature, until

CANARY = "canary-4f1d-never-seen"
IMAGE = "registry.fly.io/zerostate-api"


def act(demo: Miniature, *words: str, code: int = 0) -> dict[str, Any]:
    """Run it to its end; with a reason, for the loop guard counts what other tests did."""
    name = ("--confirm-name", words[1]) if len(words) > 1 else ()
    decided = ("--yes", *(() if words[0] == "undo" else name), "--reason", "rehearsal")
    argv = words if words[0] in {"undo"} else ("run", *words)
    found: dict[str, Any] = demo.program.json(*argv, *decided, codes=(code,), timeout=100)
    assert found["state"] == ("verified" if code == 0 else "refused"), found
    if code == 0:
        assert found["verified_by"]
        assert {step["state"] for step in found["steps"]} == {"done"}
    return found


def params(**given: object) -> list[str]:
    return [word for k, v in given.items() for word in ("--param", f"{k}={v}")]


def test_one_machine_comes_and_goes(demo: Miniature) -> None:
    machine = next(iter(demo.machines()))
    assert act(demo, "drain", machine)["plan"]["undo"]["action"] == "undrain"
    assert act(demo, "undo")["action"] == "undrain"
    act(demo, "stop", machine)
    assert act(demo, "undo")["action"] == "start"


def test_emergency_stop_remembers_what_it_stopped(demo: Miniature) -> None:
    act(demo, "emergency-stop", "api", *params(reason="rehearsal"))
    demo.becomes("api", "down")
    act(demo, "restore-count", "api")
    assert len(demo.machines()) == 2


def test_deploy_and_roll_back(demo: Miniature) -> None:
    done = act(demo, "deploy", "api", *params(image=f"{IMAGE}:deployment-02REHEARSAL"))
    assert "deployment-02REHEARSAL" in done["verified_by"]
    back = act(demo, "rollback", "api")
    assert "deployment-02REHEARSAL" not in back["verified_by"]
    again = act(demo, "deploy", "api", *params(image="not an image!"), code=64)
    assert "image" in again["message"]


def test_another_size_and_back(demo: Miniature) -> None:
    done = act(demo, "scale", "api", *params(size="shared-cpu-2x"))
    assert "shared-cpu-2x" in done["verified_by"]
    assert "shared-cpu-1x" in act(demo, "undo")["verified_by"]


def test_a_policy_holds_until_the_glass_is_broken(demo: Miniature) -> None:
    words = ("scale", "api", *params(region="iad"))
    refused = act(demo, *words, code=69)
    assert "connection budget" in refused["plan"]["policy"]
    assert "break-glass" in refused["message"]
    program = demo.program
    assert program.run("break-glass", "rehearsal of another region").returncode == 0
    try:
        planned = program.json("run", *words, "--dry-run")
        assert planned["message"] == "nothing was changed"
        assert planned["plan"]["steps"]
    finally:
        assert program.run("break-glass", "--end").returncode == 0
    act(demo, *words, code=69)
    notes = [e for e in program.json("journal")["entries"] if e["kind"] == "note"]
    assert any("rehearsal of another region" in json.dumps(e["detail"]) for e in notes)


def test_secrets_are_seen_by_their_digests_only(demo: Miniature, tmp_path: Path) -> None:
    value = tmp_path / "value"
    value.write_text(CANARY)
    many = tmp_path / "many.env"
    many.write_text(f"REHEARSAL={CANARY}-2\n")
    for file in (value, many):
        file.chmod(0o600)
    secret = ("--secret", f"value=file:{value}")
    told = [act(demo, "secret-set", "api", *params(name="REHEARSAL", stage="true"), *secret)]
    assert "digest" in told[0]["verified_by"]
    told.append(act(demo, "secret-import", "api", *params(file=many, stage="true")))
    told.append(act(demo, "secret-unset", "api", *params(name="REHEARSAL", stage="true")))
    assert CANARY not in json.dumps(told)
    for folder, _, names in os.walk(demo.directory):
        kept = [Path(folder) / name for name in names if "state" in folder or "run" in folder]
        assert [path for path in kept if path.is_file() and CANARY.encode() in _head(path)] == []


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16 << 20)


def test_settings_reach_the_machines(demo: Miniature) -> None:
    act(demo, "log-level", "api", *params(level="debug"))
    act(demo, "undo")
    act(demo, "flag-set", "api", *params(name="ENABLE_AUCTION_SYSTEM", value="true", stage="true"))


def test_everything_goes_and_comes_in_order_behind_the_maintenance_page(demo: Miniature) -> None:
    on = act(demo, "maintenance", "api", *params(mode="on"))
    assert "API in maintenance, frontend in maintenance" in on["verified_by"]

    def told() -> bool:
        found = demo.check("--fresh")["targets"]
        return "maintenance" in next(t for t in found if t["target"] == "api")["summary"]

    until(told, 60, "the API is said to be in maintenance")
    done = act(demo, "shutdown-all", "api")
    assert parts(done) == ["api", "node", "db"]
    told = {step["name"]: step["detail"] for step in done["steps"]}
    work = next(detail for name, detail in told.items() if "background work" in name)
    assert "0 tasks not finished; 0 transactions open" in work
    assert "node: unit ainur-node is inactive" in told["node: checked, before db is touched"]
    back = act(demo, "undo")
    assert back["action"] == "start-all"
    assert parts(back) == ["db", "node", "api"]
    assert "SELECT 1 answered" in back["verified_by"]
    off = act(demo, "maintenance", "api", *params(mode="off"))
    assert "in service" in off["verified_by"]


def parts(run: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(step["name"].partition(":")[0] for step in run["steps"]))


def test_the_node_and_the_database_stop_and_start(demo: Miniature) -> None:
    for target in ("node", "db"):
        assert act(demo, "stop", target)["risk"] == "R3"
        act(demo, "start", target)


def test_the_configuration_is_kept(demo: Miniature, tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    act(demo, "config-save", "api", *params(path=path))
    assert json.loads(path.read_text())


def test_a_recovery_is_planned_from_what_is_kept(demo: Miniature) -> None:
    act(demo, "backup", "db")
    act(demo, "config-backup", "api")
    assert "0 only in the copy" in act(demo, "sync", "storage")["verified_by"]
    act(demo, "verify", "db", *params(id="newest"))
    listed = demo.program.json("recover", "list")
    best, took = listed["candidates"][0], listed["times"][0]
    assert best["usable"]
    assert (took["kind"], took["guide"]) == ("verify", 900.0)
    assert took["runs"] >= 1
    assert 0 < took["seconds"] < 900
    assert best["rows"]["public.agents"] == 120
    found = demo.program.json("recover", "best", "--dry-run")
    assert (found["state"], found["plan"]["blocked"], found["rto"]) == ("planned", None, None)
    names = list(dict.fromkeys(step.partition(":")[0] for step in found["plan"]["steps"]))
    assert names == ["backup", "new", "word", "page on", "old", "api", "page off"]
    assert found["plan"]["asks"] == found["plan"]["params"]["into"]
    assert found["plan"]["undo"]["params"] == {"database": "ainur"}
    report = demo.program.json("report", "performance")
    for title in ("Slowest statements", "Time to come back"):
        assert next(p for p in report["parts"] if p["title"] == title)["listing"]["rows"]


def test_the_doctor_and_the_record(demo: Miniature, tmp_path: Path) -> None:
    found = demo.program.json("doctor", codes=(0, 1))["findings"]
    told = {f["name"]: f for f in found if f["area"] == "platform"}
    assert told["secrets"]["state"] == "ok"
    assert "unmanaged Postgres" in told["app ainur-db"]["text"]
    export = tmp_path / "record.jsonl"
    assert demo.program.run("journal", "--export", str(export)).returncode == 0
    entries = demo.program.json("journal")["entries"]
    assert [json.loads(line) for line in export.read_text().splitlines()] == entries
    assert demo.program.json("journal", "verify")["ok"] is True
