"""A few kills during a playbook; ``python -m tests.faults.playbooks`` for many."""

from __future__ import annotations

from pathlib import Path

from tests.faults.playbooks import table, trials


async def test_killed_anywhere_a_playbook_goes_on_at_its_step(tmp_path: Path) -> None:
    found = await trials(tmp_path, 3, seed=7)
    assert len(found) == 3
    assert not [one.bad for one in found if one.bad], table(found)
