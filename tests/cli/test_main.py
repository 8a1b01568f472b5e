"""The door: words, exit codes, sentences, speed."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from ainur_tui import __version__
from ainur_tui.cli import check, main
from tests.cli.fakes import FakeEngine, Shell, use


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("chek",), "check"),
        (("config", "shw"), "show"),
        (("config", "show", "--jsn"), "--json"),
        (("journal", "verfy"), "verify"),
        (("backup", "lsit"), "list"),
        (("backup", "restroe"), "restore"),
        (("backup", "restore"), "ID"),
        (("backup", "restore", "x"), "--into"),
        (("backup", "schedule"), "--print"),
        (("backup", "list", "x"), "one word too many"),
        (("check", "db"), "one word too many"),
        (("logs", "--level", "eror"), "error"),
        (("logs", "--since", "yesterday"), "30m"),
        (("logs", "--limit", "x"), "--help"),
        (("check", "--timeout", "0"), "--timeout"),
        (("--frob",), "--help"),
        (("run",), "action"),
        (("run", "scale", "api", "--param", "count"), "NAME=VALUE"),
        (("engine", "statsu"), "status"),
        (("demo", "fualt"), "fault"),
    ],
)
def test_slips_are_usage_errors_that_name_what_was_meant(
    shell: Shell, words: tuple[str, ...], near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(actions=[]))
    assert shell(*words) == 64
    assert near in shell.err
    assert shell.out == ""


def test_help_lists_every_command_and_each_has_its_own(shell: Shell) -> None:
    assert shell("--help") == 0
    for name in main.COMMANDS:
        assert name in shell.out
        module = import_module(f"ainur_tui.cli.{name.replace('-', '_')}")
        assert callable(module.run)


def test_global_options_may_stand_anywhere(shell: Shell) -> None:
    assert shell("config", "show", "--env", "demo") == 0
    assert shell("--env", "demo", "config", "show") == 0
    assert shell("config", "show", "--env", "dem") == 78
    assert "demo" in shell.err


def test_a_configuration_that_is_not_there(shell: Shell, tmp_path: Path) -> None:
    shell.config = tmp_path / "none.toml"
    assert shell("check") == 78
    assert "config init" in shell.err


def test_a_crash_is_a_sentence_and_a_file_without_secrets(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password, keyed, unsaid = (f"{word}-canary" for word in ("password", "keyed", "unsaid"))
    dsn = tmp_path / "dsn"
    dsn.write_text(f"postgresql://u:{password}@h/d")
    dsn.chmod(0o600)

    def explode(call: main.Invocation, args: object) -> int:
        local = unsaid
        assert call.loaded
        raise ValueError(f"{password} {len(local)} token={keyed}")

    monkeypatch.setattr(check, "run", explode)
    assert shell("check") == 70
    assert "ValueError" in shell.err
    (crash,) = (tmp_path / "xdg_state_home/ainur-tui/crash").iterdir()
    assert str(crash) in shell.err
    assert crash.stat().st_mode & 0o777 == 0o600
    text = crash.read_text()
    assert "in explode" in text
    for canary in (password, keyed, unsaid):
        assert canary not in text + shell.err


def test_interruption_and_a_reader_that_went_away(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "run", interrupted)
    assert shell("check") == 130


def program(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=20, check=False,
        **options,  # type: ignore[call-overload]
    )  # fmt: skip


def test_version_loads_nothing_heavy() -> None:
    seen = program("-X", "importtime", "-m", "ainur_tui", "--version")
    assert seen.stdout == f"ainur-tui {__version__}\n"
    for module in ("msgspec", "httpx", "asyncpg", "textual", "rich", "asyncio", "psutil"):
        assert f" {module}\n" not in seen.stderr, module


def test_config_loads_no_driver(shell: Shell) -> None:
    seen = program(
        "-X", "importtime", "-m", "ainur_tui", "--config", str(shell.config), "config", "check"
    )
    assert seen.returncode == 0, seen.stderr[-500:]
    for module in ("httpx", "asyncpg", "textual", "rich", "asyncio", "psutil"):
        assert f" {module}\n" not in seen.stderr, module


def test_a_closed_pipe_is_quiet(shell: Shell) -> None:
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-m', 'ainur_tui', 'config', 'schema'],"
        " stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "p.stdout.close()\n"
        "print(p.wait(), p.stderr.read())\n"
    )
    seen = program("-c", code)
    assert seen.stdout.split(" ", 1)[0] in {"141", "0"}
    assert seen.stdout.rstrip().endswith("b''")


def test_no_locale_breaks_the_words(shell: Shell) -> None:
    seen = program(
        "-m", "ainur_tui", "--config", str(shell.config), "doctor", "--nope",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0",
             "PYTHONCOERCECLOCALE": "0"},
    )  # fmt: skip
    assert seen.returncode == 64
    assert seen.stderr.isascii()
