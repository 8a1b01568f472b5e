"""Target names carry their kind."""

from __future__ import annotations

import pytest

from ainur_tui.model.target import kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("api", "api"),
        ("api/machine/17810e", "api/machine"),
        ("storage", "storage"),
        ("storage/ainur-backups", "storage/bucket"),
        ("host", "host"),
    ],
)
def test_a_name_tells_its_kind(name: str, kind: str) -> None:
    assert kind_of(name) == kind
