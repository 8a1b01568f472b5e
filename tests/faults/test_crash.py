"""A few crash trials; ``AINUR_CRASH_TRIALS`` or ``python -m tests.faults.crash`` for many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.crash import STATES, table, trials

FEW = int(os.environ.get("AINUR_CRASH_TRIALS", "10"))


@pytest.mark.timeout(60 + 4 * FEW)
async def test_killed_anywhere_nothing_is_repeated_and_no_verdict_lies(tmp_path: Path) -> None:
    found = await trials(tmp_path, FEW, seed=7)
    assert len(found) == FEW
    assert not [(one.point, one.bad) for one in found if one.bad], table(found)
    assert {one.state for one in found} <= set(STATES)
