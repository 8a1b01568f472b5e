"""A few disturbed backups; ``python -m tests.faults.backups`` for many, of more parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.backups import STAGES, table, trials
from tests.systems.conftest import Server, Store

FEW = ("the dump dies", "the engine is killed")


@pytest.mark.timeout(240)
async def test_what_is_called_complete_restores_whatever_fails(
    postgres: Server, s3: Store, tmp_path: Path
) -> None:
    assert set(FEW) < set(STAGES)
    found = await trials(postgres, s3, tmp_path, len(FEW), seed=2, rows=2000, stages=FEW)
    assert [one.stage for one in found] == list(FEW)
    assert not [(one.stage, one.bad) for one in found if one.bad], table(found)
