"""This machine, by psutil."""

from __future__ import annotations

from pathlib import Path

import pytest

from ainur_tui.config.types import Environment, Host
from ainur_tui.model.secret import Redactor
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.host import system as host
from tests.systems.steps import no_secret
from tests.systems.web import RealClock

CONTEXT = Context("test", RealClock(), Redactor(), Tools(lambda _: None), no_secret)


async def test_every_signal_at_the_first_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "FIRST_SPAN", 0.05)
    found = host.connect(Environment(), CONTEXT)
    assert found is not None
    readings = {r.signal: r for r in (await found.probes[0].read()).readings}
    assert set(readings) == {signal.name for signal in host.SIGNALS}
    for name in ("host.cpu", "host.memory", "host.disk", "host.swap"):
        value = readings[name].value
        assert value is not None
        assert 0 <= value <= 1
    assert readings["host.up"].value == 1
    assert readings["host.disk"].note == "/"
    assert (readings["host.uptime"].value or 0) > 0


def test_not_watched() -> None:
    assert host.connect(Environment(host=None), CONTEXT) is None


def test_the_fullest_disk_is_named(tmp_path: Path) -> None:
    value, note = host.fullest([str(tmp_path), "/no/such\x1bplace"])
    assert value is not None
    assert note.startswith(str(tmp_path))
    assert "/no/such␛place: No such file" in note


def test_no_disk_is_no_number() -> None:
    assert host.fullest([]) == (None, "no disk is configured")
    assert host.fullest(["/no/such"])[0] is None


async def test_its_own_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "FIRST_SPAN", 0.01)
    found = host.connect(Environment(host=Host(disks=[str(tmp_path)])), CONTEXT)
    assert found is not None
    readings = {r.signal: r for r in (await found.probes[0].read()).readings}
    assert readings["host.disk"].note == str(tmp_path)
