"""From the console's start to *verified* by keys (all: ``python -m tests.faults.drills``)."""

from __future__ import annotations

from tests.faults.drills import DRILLS, by_hand, handle
from tests.helpers import Miniature


def test_the_database_playbook_is_verified_by_a_handful_of_keys(demo: Miniature) -> None:
    handled = handle(demo, DRILLS["database"])
    assert len(handled.keys) <= 8
    assert handled.seconds <= 60
    assert by_hand(DRILLS["database"]) > 20 * len(handled.keys)
