"""One miniature for all whole-program tests of a session; each test leaves it well.

Two workers share the suite by files; a miniature stands for as long as one of them needs it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers import Miniature, miniature, until


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
        until(well, 60, "the miniature is well")
    except AssertionError as failure:
        raise AssertionError(f"{failure}: {told}") from None
    return running
