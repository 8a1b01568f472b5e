"""Incidents outlive any death; long forms: ``tests.faults.incidents``, ``….incidents_whole``."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.faults.incidents_whole import trials
from tests.helpers import Miniature


def test_ten_kills_lose_nothing() -> None:
    # A process of its own: it forks, which a process with threads must not.
    words = [sys.executable, "-m", "tests.faults.incidents", "--trials", "10", "--seed", "7"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=110, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    assert found["acknowledged"] >= 10
    assert (found["lost"], found["doubled"], found["events lost"]) == (0, 0, 0)


async def test_an_incident_outlives_the_engine_and_the_console(demo: Miniature) -> None:
    found = await trials(demo, 3, seed=2)
    assert {one.killed for one in found} == {"engine", "console"}
    assert found[-1].notes > 0
    assert not [one.bad for one in found if one.bad]
