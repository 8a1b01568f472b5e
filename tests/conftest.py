"""One miniature for all whole-program tests of a session; each test leaves it well.

The workers share the suite by files; each that needs a miniature has one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.helpers import Miniature, miniature, until

settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits on a miniature most comes first, the rest of that kind last: all that needs the
    processor runs beside the one that waits."""
    items.sort(key=lambda item: _turn(item.path))


def _turn(file: Path) -> int:
    if file.name == "test_actions_more.py":
        return 0
    return 2 if file.parent.name in {"system", "terminal"} else 1


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    with miniature(tmp_path_factory.mktemp("mini")) as found:
        yield found


@pytest.fixture
def demo(running: Miniature) -> Miniature:
    """The miniature, well: what a test before this one broke has recovered."""
    told: list[str] = []

    def well() -> bool:
        found = running.check("--fresh")
        told[:] = [f"{t['target']}: {t['summary']}" for t in found["targets"] if t["state"] != "up"]
        return bool(found["state"] == "up")

    try:
        until(well, 120, "the miniature is well")
    except AssertionError as failure:
        raise AssertionError(f"{failure}: {told}") from None
    return running
