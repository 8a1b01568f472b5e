"""systemctl by whoever may: root, polkit, or sudo without a password; no password anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.systemctl import Systemctl
from tests.systems.web import RealClock


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemctl:
    """An ordinary user, whom systemd lets do nothing without sudo; each call is written down."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    note = f'echo "$0 $*" >> {tmp_path}/calls'
    script(tmp_path / "systemctl", f"{note}\necho 'Failed: Access denied' >&2\nexit 4")

    def find(name: str) -> str | None:
        return str(tmp_path / name) if (tmp_path / name).exists() else None

    context = Context("test", RealClock(), Redactor(), Tools(find, {}), lambda _: Secret(""))
    return Systemctl("ainur-node", context)


def calls(tmp_path: Path) -> list[str]:
    return [line.replace(f"{tmp_path}/", "") for line in (tmp_path / "calls").open()]


async def test_sudo_is_asked_without_a_password(unit: Systemctl, tmp_path: Path) -> None:
    script(tmp_path / "sudo", f'echo "$0 $*" >> {tmp_path}/calls')
    assert "asks for no password" in await unit.rights("restart", 5.0)
    await unit.act("restart", 5.0)
    own = "systemctl restart ainur-node --no-ask-password\n"
    assert calls(tmp_path) == [f"sudo -n -l -- {own}", own, f"sudo -n -- {own}"]


async def test_where_sudo_wants_a_password_the_rule_is_told(
    unit: Systemctl, tmp_path: Path
) -> None:
    script(tmp_path / "sudo", "echo 'sudo: a password is required' >&2\nexit 1")
    assert "only where polkit allows it" in await unit.rights("stop", 5.0)
    with pytest.raises(ActionFailure, match=r"NOPASSWD: \S+/systemctl stop ainur-node"):
        await unit.act("stop", 5.0)


async def test_without_sudo_it_is_plainly_refused(unit: Systemctl, tmp_path: Path) -> None:
    with pytest.raises(ActionFailure, match="needs privilege"):
        await unit.act("start", 5.0)
    assert calls(tmp_path) == ["systemctl start ainur-node --no-ask-password\n"]


async def test_root_needs_nobody(unit: Systemctl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert await unit.rights("stop", 5.0) == "systemctl runs as root"
