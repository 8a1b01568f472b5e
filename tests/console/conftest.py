"""Keys of a test come at once: what guards a hurried person is tested by itself."""

from __future__ import annotations

import pytest

from ainur_tui.console.dialogs import confirm


@pytest.fixture(autouse=True)
def no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "GUARD", -1e9)
