"""The record of incidents outlives any death; the long form: ``tests.faults.incidents``."""

from __future__ import annotations

import json
import subprocess
import sys


def test_ten_kills_lose_nothing() -> None:
    # A process of its own: it forks, which a process with threads must not.
    words = [sys.executable, "-m", "tests.faults.incidents", "--trials", "10", "--seed", "7"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=110, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    assert found["acknowledged"] >= 10
    assert (found["lost"], found["doubled"], found["events lost"]) == (0, 0, 0)
