"""``check`` on a living system keeps the contract."""

from __future__ import annotations

import json
import re
from datetime import datetime

from tests.helpers import Miniature

SIGNAL_FIELDS = {
    "name", "value", "unit", "statistic", "source", "observed_at", "age", "quality", "threshold",
    "verdict",
}  # fmt: skip
TARGET_FIELDS = {"target", "kind", "state", "since", "cause", "summary", "signals"}
ALERT_FIELDS = {"name", "target", "state", "severity", "since", "caused_by"}


def test_well_is_exit_code_0_and_the_shape_is_the_contracts(demo: Miniature) -> None:
    done = demo.program.run("check", "--json", "--fresh")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["version"] == 1
    assert found["environment"] == "demo"
    assert found["state"] == "up"
    assert datetime.fromisoformat(found["at"]).utcoffset() is not None
    assert 0 < found["trust"]["fresh"] <= found["trust"]["all"]
    names = {target["target"] for target in found["targets"]}
    assert {"api", "db", "node", "storage", "frontend", "host"} <= names
    assert sum(bool(re.fullmatch(r"api/machine/[0-9a-f]{14}", name)) for name in names) == 2
    for target in found["targets"]:
        assert target.keys() >= TARGET_FIELDS
        for signal in target["signals"]:
            assert signal.keys() >= SIGNAL_FIELDS, (target["target"], signal)
            assert signal["value"] is None or signal["quality"] in {"fresh", "late", "stale"}
    for alert in found["alerts"]:
        assert alert.keys() >= ALERT_FIELDS


def test_one_target_alone(demo: Miniature) -> None:
    found = demo.check("--target", "db")
    assert [target["target"] for target in found["targets"]] == ["db"]


def test_an_unknown_target_names_the_near_ones(demo: Miniature) -> None:
    done = demo.program.run("check", "--target", "nod")
    assert done.returncode == 64
    assert "node" in done.stderr
    assert "Traceback" not in done.stderr
