"""The other commands: config, logs, journal, actions, engine, doctor, faults, the miniature."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ainur_tui.cli import examine, logs
from ainur_tui.cli.errors import Stop
from ainur_tui.cli.miniature import Ended, Miniature, engine_pid, signals_raise
from ainur_tui.cli.output import Output, columns
from ainur_tui.config.paths import Paths
from ainur_tui.model.board import BoardView
from ainur_tui.model.journal import JournalEntry, JournalVerdict
from ainur_tui.model.log import LogGap, LogLine, LogSourceView
from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.model.wire import EngineStatus
from tests.cli.fakes import NOW, SPECS, FakeEngine, Shell, board, use


def test_config_init_writes_once_and_privately(shell: Shell, tmp_path: Path) -> None:
    shell.config = tmp_path / "new/config.toml"
    assert shell("config", "init") == 0
    assert shell.config.stat().st_mode & 0o777 == 0o600
    assert shell.config.parent.stat().st_mode & 0o777 == 0o700
    assert shell("config", "check") == 0
    assert shell("config", "init") == 73
    assert "left as it is" in shell.err


def test_config_check_tells_places(shell: Shell) -> None:
    assert shell("config", "check", "--json") == 0
    assert json.loads(shell.out)["ok"] is True
    shell.config.write_text("[environment.demo]\ncolr = 1\n")
    assert shell("config", "check") == 78
    assert f"{shell.config}:2: environment.demo.colr" in shell.err
    assert "color" in shell.err
    assert shell("config", "check", "--json") == 78
    assert json.loads(shell.out)["problems"][0]["line"] == 2


def test_config_check_and_doctor_tell_of_an_authority_that_is_not_there(shell: Shell) -> None:
    with shell.config.open("a") as file:
        file.write('[environment.demo.frontend]\nurl = "https://127.0.0.1:1"\nca_file = "ca.pem"\n')
    assert shell("config", "check") == 0
    said = f"environment.demo.frontend.ca_file: {shell.config.parent}/ca.pem cannot be read"
    assert said in shell.err
    assert shell("doctor", "--json") == 1
    findings = json.loads(shell.out)["findings"]
    assert [one["state"] for one in findings if one["text"].startswith(said)] == ["fail"]


def test_config_check_tells_where_the_graph_comes_from(shell: Shell) -> None:
    state = shell.config.parent / "state"
    state.mkdir(exist_ok=True)
    file = state / "needs.json"
    assert shell("config", "check") == 0
    assert "demo: who needs whom is built in" in shell.out
    file.write_text('{"needs": {"db": ["host"]}, "by": "mira", "at": 1795500000.0}')
    file.chmod(0o600)
    assert shell("config", "check", "--json") == 0
    (graph,) = json.loads(shell.out)["needs"]
    assert graph["needs"] == {"db": ["host"]}
    assert "as mira edited it" in graph["source"]
    assert str(file) in graph["source"]
    file.write_text("broken")
    assert shell("config", "check") == 0
    assert "is not used" in shell.err


def test_config_show_and_schema(shell: Shell) -> None:
    assert shell("config", "show") == 0
    assert tomllib.loads(shell.out)["environment"]["demo"]["api"]["pool_size"] == 25
    assert shell("config", "show", "--json") == 0
    assert json.loads(shell.out)["environment"]["name"] == "demo"
    assert shell("config", "schema") == 0
    assert "$schema" in json.loads(shell.out)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("2h", 7200), ("1d", 86400), ("45s", 45)]
)
def test_since_takes_spans_of_time(text: str, seconds: int) -> None:
    assert logs.since(text, NOW) == NOW - seconds


def test_since_moments() -> None:
    assert logs.since("2026-11-24T10:00:00Z", NOW) == logs.since("2026-11-24T11:00:00+01:00", NOW)
    with pytest.raises(Stop):
        logs.since("soon", NOW)


def log_board() -> BoardView:
    return board(logs=[LogSourceView(name="api", target="api", connected=False, problem="refused")])


def test_logs_are_paged_back_with_their_gaps(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def page(query: LogQuery) -> LogPage:
        if query.before is None:
            return LogPage(lines=[line(3), line(4)], matched_all=False)
        assert query.before == 3
        gap = LogGap(seq=2, source="api", since=NOW, until=NOW + 1, dropped=7)
        return LogPage(lines=[line(1)], gaps=[gap])

    use(monkeypatch, FakeEngine(board=log_board(), logs=page))
    assert shell("logs", "--since", "1h", "--json") == 0
    rows = [json.loads(text) for text in shell.out.splitlines()]
    assert [row.get("message") for row in rows] == ["m1", None, "m3", "m4"]
    assert rows[1]["gap"]["dropped"] == 7
    assert "refused" in shell.err
    assert shell("logs", "--since", "1h") == 0
    assert "7 lines are missing" in shell.out
    assert shell("logs", "--source", "apl") == 64
    assert "api" in shell.err


def test_logs_follow_until_the_engine_goes(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "EVERY", 0.001)
    pages = [
        LogPage(lines=[line(1)]), LogPage(lines=[]), LogPage(lines=[line(2), line(3)]),
    ]  # fmt: skip
    asked: list[int | None] = []

    def page(query: LogQuery) -> LogPage:
        asked.append(query.after)
        if not pages:
            raise ConnectionResetError
        return pages.pop(0)

    use(monkeypatch, FakeEngine(board=log_board(), logs=page))
    assert shell("logs", "--follow", "--json") == 0
    assert [json.loads(text)["message"] for text in shell.out.splitlines()] == ["m1", "m2", "m3"]
    assert asked == [None, 1, 1, 3]


def line(number: int) -> LogLine:
    return LogLine(seq=number, at=NOW + number, source="api", message=f"m{number}", level="error")


def test_journal_and_its_verdict(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = JournalEntry(
        seq=1, at="2026-11-24T10:00:00Z", kind="intent", id="i", operator="mira", host="h", tty="",
        action="restart", target="api", state="running", detail={}, prev="0", hash="1",
    )  # fmt: skip
    good = JournalVerdict(ok=True, entries=1, first_bad=None, truncated=False)
    bad = JournalVerdict(ok=False, entries=2, first_bad=2, truncated=True)
    use(monkeypatch, FakeEngine(journal=[entry], journal_verify=good))
    assert shell("journal", "--json") == 0
    assert json.loads(shell.out)["entries"][0]["operator"] == "mira"
    assert shell("journal") == 0
    assert "restart  api" in shell.out
    assert shell("journal", "verify", "--json") == 0
    export = shell.config.parent / "record.jsonl"
    assert shell("journal", "--export", str(export)) == 0
    assert [json.loads(line)["hash"] for line in export.read_text().splitlines()] == ["1"]
    assert export.stat().st_mode & 0o777 == 0o600
    assert shell("journal", "--export", str(export)) == 73
    use(monkeypatch, FakeEngine(journal=[], journal_verify=bad))
    assert shell("journal", "verify") == 1
    assert "NOT whole at entry 2" in shell.out
    assert shell("journal") == 0
    assert "empty" in shell.err


def test_the_catalogue_lists_every_action_with_its_parameters(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, FakeEngine(actions=SPECS))
    assert shell("actions", "--json") == 0
    assert [a["name"] for a in json.loads(shell.out)["actions"]] == ["backup", "restart", "scale"]
    assert shell("actions") == 0
    assert "[count=…]" in shell.out


def test_engine_status_and_stop(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    status = EngineStatus(
        pid=7, version="0", environment="demo", started_at=NOW, stay=False, clients=1, running=0,
        idle_exit_at=None, access="operate", memory=1 << 20,
    )  # fmt: skip
    fake = FakeEngine(engine_status=status, engine_stop=None)
    use(monkeypatch, fake)
    assert shell("engine", "status", "--json") == 0
    assert json.loads(shell.out)["pid"] == 7
    assert shell("engine", "status") == 0
    assert "1.0 MiB" in shell.out
    assert shell("engine", "stop") == 0, shell.err
    assert fake.calls[-1][0] == "engine.stop"
    use(monkeypatch, None)
    assert shell("engine", "status") == 69
    assert shell("engine", "status", "--json") == 69
    assert json.loads(shell.out)["pid"] is None
    assert shell("engine", "stop") == 0


def test_engine_unit_is_hardened(shell: Shell) -> None:
    assert shell("engine", "unit") == 0
    assert f"--config {shell.config} --env demo engine --stay" in shell.out
    for words in ("Type=notify", "NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077"):
        assert words in shell.out
    assert str(shell.config.parent / "state") in shell.out


def test_what_doctor_sees_of_folders(tmp_path: Path) -> None:
    state, run = tmp_path / "state", tmp_path / "run"

    def seen() -> list[str]:
        return [finding.state for finding in examine.folders(Paths(run, state))]

    assert seen() == ["ok", "ok"]
    state.mkdir(mode=0o700)
    run.mkdir()
    run.chmod(0o777)
    assert seen() == ["ok", "fail"]
    run.chmod(0o755)
    assert seen() == ["ok", "warn"]
    run.rmdir()
    run.symlink_to(state)
    assert seen() == ["ok", "fail"]
    run.unlink()
    run.write_text("")
    assert seen() == ["ok", "fail"]


def test_what_doctor_sees_of_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {finding.state for finding in examine.tools(None)} == {"warn"}
    tool = tmp_path / "pg_dump"
    tool.write_text(f"#!{sys.executable}\nprint('pg_dump 18.6\\x1b[2J')\n")
    tool.chmod(0o755)
    found = {finding.name: finding for finding in examine.tools(None)}
    assert found["pg_dump"].state == "ok"
    assert "18.6" in found["pg_dump"].text
    assert "\x1b" not in found["pg_dump"].text
    assert "cannot" in found["systemctl"].text


def test_doctor_without_a_configuration(shell: Shell, tmp_path: Path) -> None:
    shell.config = tmp_path / "none.toml"
    assert shell("doctor", "--json") == 78
    areas = {finding["area"] for finding in json.loads(shell.out)["findings"]}
    assert {"program", "terminal", "configuration", "tools"} <= areas


class Faults(BaseHTTPRequestHandler):
    """The endpoint of a miniature that has one fault."""

    on: set[str]

    def _answer(self) -> None:
        if self.command == "PUT":
            self.on.add(self.path)
        if self.command == "DELETE":
            self.on.discard(self.path)
        body = json.dumps(
            {"faults": [{"name": "api-slow", "summary": "slow", "on": bool(self.on)}]}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def faults(shell: Shell) -> Iterator[type[Faults]]:
    kind = type("Handler", (Faults,), {"on": set()})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/faults"
    file = shell.config.parent / "endpoints.json"
    file.write_text(json.dumps({"endpoints": {"faults": address}}))
    yield kind
    server.shutdown()
    thread.join()
    server.server_close()


def test_faults_by_name(shell: Shell, faults: type[Faults]) -> None:
    assert shell("demo", "fault") == 0
    assert shell.out.split() == ["api-slow", "slow"]
    assert shell("demo", "fault", "api-slow") == 0
    assert faults.on == {"/faults/api-slow"}
    assert shell("demo", "fault") == 0
    assert shell.out.split()[-1] == "on"
    assert shell("demo", "fault", "--list") == 0
    assert "api-slow" in shell.out
    assert shell("demo", "fault", "api-slow", "--clear") == 0
    assert faults.on == set()
    assert shell("demo", "fault", "api-slwo") == 64
    assert "api-slow" in shell.err


def test_faults_only_in_a_miniature(shell: Shell) -> None:
    assert shell("demo", "fault") == 64
    file = shell.config.parent / "endpoints.json"
    file.write_text('{"endpoints": {"faults": "http://example.org/"}}')
    assert shell("demo", "fault") == 65
    file.write_text('{"endpoints": {"faults": "http://127.0.0.1:1/"}}')
    assert shell("demo", "fault") == 69


CHILD = """
import json, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("starting", file=sys.stderr, flush=True)
print(json.dumps({"config": sys.argv[1]}), flush=True)
signal.pause()
"""


def test_the_miniature_ends_with_us(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", CHILD, str(tmp_path / "config.toml")]
    with signals_raise():
        child = Miniature(argv, tmp_path, Output(), quiet=True)
        assert json.loads(child.ready())["config"] == str(child.config)
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(Ended):
            child.wait()
        child.end()
    assert child._child.returncode == 0


def test_a_miniature_that_never_gets_well(tmp_path: Path) -> None:
    child = Miniature([sys.executable, "-c", "exit(3)"], tmp_path, Output(), quiet=True)
    with pytest.raises(Stop, match="did not become well"):
        child.ready()
    with signals_raise():
        child.end()
    assert child._child.returncode == 3


def test_only_an_engine_on_that_configuration_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "engine.pid"
    file.write_text(str(os.getpid()))
    assert engine_pid(file, tmp_path / "config.toml") is None
    assert engine_pid(tmp_path / "none", tmp_path) is None


def test_columns_are_aligned_and_their_ends_bare() -> None:
    assert columns([["a", "b", "c"], ["aaa", "", ""]]) == ["a    b  c", "aaa"]
    assert columns([]) == []


def test_logs_of_any_file_without_a_configuration(shell: Shell, tmp_path: Path) -> None:
    shell.config = tmp_path / "none.toml"
    path = tmp_path / "app.log"
    rows = [
        {"level": "error" if n % 2 else "warn", "ts": 1.7e9 + n, "msg": f"pool {n}", "id": f"r{n}"}
        for n in range(20)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def messages(*words: str) -> list[str]:
        assert shell("logs", "--file", str(path), "--json", *words) == 0
        return [json.loads(line)["message"] for line in shell.out.splitlines()]

    assert messages("--limit", "2") == ["pool 18", "pool 19"]
    assert messages("--field", "id=r7") == ["pool 7"]
    assert messages("--exact-level", "warn", "--grep", "pool 1", "--not", "6|8") == [
        "pool 10", "pool 12", "pool 14",
    ]  # fmt: skip
    assert messages("--class", "db-timeout") == []
    assert messages("--since", "2023-11-14T22:13:30Z", "--until", "2023-11-14T22:13:31Z") == [
        "pool 10", "pool 11",
    ]  # fmt: skip
    assert shell("logs", "--file", str(path), "--field", "id") == 64
    assert shell("logs", "--file", str(path), "--follow") == 64
    assert shell("logs", "--file", str(tmp_path / "gone.log")) == 69
