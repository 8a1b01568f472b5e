"""The loader: every problem at once, located; secrets only from files that are safe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.config.load import Loaded, load
from ainur_tui.config.problem import ConfigError, Problem
from ainur_tui.config.secrets import sources_of
from ainur_tui.config.template import TEMPLATE
from ainur_tui.config.types import Config, SecretRef

GOOD = """
[environment.staging]
color = "yellow"
[environment.staging.api]
url = "http://127.0.0.1:8080"
[environment.staging.postgres]
dsn = { file = "secrets/dsn" }
log_file = "~/pg.log"
"""


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def problems(path: Path, name: str | None = None) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        load(path, name)
    return list(caught.value.problems)


def found(folder: Path, text: str, mode: int = 0o600) -> Problem:
    listed = problems(write(folder, text, mode))
    assert len(listed) == 1, listed
    return listed[0]


def test_a_good_file(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, GOOD))
    assert loaded.environment.name == "staging"
    assert loaded.environment.fly is None
    assert loaded.environment.host is not None
    assert loaded.warnings == ()
    assert loaded.environment.postgres is not None
    dsn = loaded.environment.postgres.dsn
    assert not isinstance(dsn, str)
    assert dsn.file == str(tmp_path / "secrets/dsn")
    assert loaded.environment.postgres.log_file == str(Path.home() / "pg.log")


def test_the_digest_follows_the_file(tmp_path: Path) -> None:
    first = load(write(tmp_path, GOOD)).digest
    assert load(write(tmp_path, GOOD)).digest == first
    assert load(write(tmp_path, GOOD + "\n")).digest != first


def test_every_problem_at_once_with_line_key_expectation_and_near_name(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
[environment.production]
colr = "red"
color = "rad"

[environment.production.api]
interval = "5s"

[environment.production.database]
dsn = "x"

[environment.production.node]
rpc = ["http://a"]
note = '''
[environment.fake]
'''
block_time = -1
""",
    )
    listed = {problem.key.removeprefix("environment.production."): problem for problem in
              problems(path)}  # fmt: skip
    assert {key: problem.line for key, problem in listed.items()} == {
        "colr": 3, "color": 4, "api.url": 6, "api.interval": 7, "database": 9, "node.note": 14,
        "node.block_time": 17,
    }  # fmt: skip
    assert listed["colr"].near == ("color",)
    assert listed["color"].near == ("red",)
    assert listed["database"].near == ("postgres",)
    assert "0.2 to 3600" in listed["api.interval"].message
    assert "missing" in listed["api.url"].message
    assert str(listed["colr"]).startswith(f"{path}:3: environment.production.colr: ")


def test_no_problem_repeats_a_value(tmp_path: Path) -> None:
    path = write(tmp_path, '[environment.a.fly]\ntoken = 771177\ncolour = "s3cr3t-canary"\n')
    said = "\n".join(map(str, problems(path)))
    assert "771177" not in said
    assert "s3cr3t-canary" not in said


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ('[environment.a.api]\nurl = "ftp://x"', "environment.a.api.url", "http://"),
        ('[environment.a.api]\nurl = "http://u:p@x"', "environment.a.api.url", "password"),
        ('[environment.a.api]\nurl = "http://[x"', "environment.a.api.url", "not an address"),
        ("[environment.a.node]\nrpc = []", "environment.a.node.rpc", "at least one"),
        (
            '[environment.a.fly]\ntoken = {env = "A"}\nurl = "http://fly.example"',
            "environment.a.fly.url",
            "https",
        ),
        (
            '[environment.a.fly]\ntoken = {env = "A", file = "b"}',
            "environment.a.fly.token",
            "exactly one",
        ),
        ("[environment.a.fly]\ntoken = {}", "environment.a.fly.token", "exactly one"),
        ('[environment.a.needs]\napi = ["dbb"]', "environment.a.needs.api", "no target"),
        ("[environment.a.thresholds.'api.queue']", "environment.a.thresholds.api.queue", "warn"),
        ('[environment.a.backup]\nbucket = "b"', "environment.a.backup.bucket", "storage"),
        ('[environment."../x"]', "environment.../x", "a-z"),
        ('[environment.a]\nname = "b"', "environment.a.name", "table"),
        ("version = 2\n[environment.a]", "version", "expected 1"),
        ('default_environment = "b"\n[environment.a]', "default_environment", "no environment"),
        ("[environment]", "environment", "no environment"),
        ("[environment.a", "", "not TOML"),
        ("environment = 3", "environment", "table"),
    ],
)
def test_one_problem(tmp_path: Path, text: str, key: str, words: str) -> None:
    problem = found(tmp_path, text)
    assert problem.key == key
    assert words in problem.message
    assert problem.line > 0


def test_which_environment(tmp_path: Path) -> None:
    two = "[environment.production]\n[environment.staging]\n"
    path = write(tmp_path, two)
    assert load(path, "staging").environment.name == "staging"
    assert "production, staging" in problems(path)[0].message
    assert problems(path, "stagin")[0].near == ("staging",)
    path = write(tmp_path, f'default_environment = "staging"\n{two}')
    assert load(path).environment.name == "staging"
    assert load(path, "production").environments == ("production", "staging")


def test_literal_secrets_only_in_a_private_file_and_with_a_warning(tmp_path: Path) -> None:
    text = '[environment.a.fly]\ntoken = "fo1_canary"\n'
    loaded = load(write(tmp_path, text))
    assert len(loaded.warnings) == 1
    assert "environment.a.fly.token" in loaded.warnings[0]
    problem = found(tmp_path, text, 0o644)
    assert problem.line == 2
    assert "chmod 600" in problem.message
    assert "canary" not in str(problem) + str(loaded.warnings)


def test_a_file_others_may_write_gives_no_secrets(tmp_path: Path) -> None:
    reference = '[environment.a.fly]\ntoken = {env = "A"}\n'
    assert "chmod go-w" in found(tmp_path, reference, 0o664).message
    assert load(write(tmp_path, "[environment.a]\n", 0o664)).environment.name == "a"
    tmp_path.chmod(0o777)
    assert str(tmp_path) in found(tmp_path, reference).message


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "config init" in problems(tmp_path / "none.toml")[0].message
    assert "regular" in problems(tmp_path)[0].message
    real = write(tmp_path, "[environment.a]\n")
    link = tmp_path / "link.toml"
    link.symlink_to(real)
    assert str(real) in problems(link)[0].message
    real.write_bytes(b"\n\nx = '\xff'")
    assert problems(real)[0].line == 3


def test_the_guides_stand_ins_are_not_configured(tmp_path: Path) -> None:
    text = (
        GOOD + '[environment.staging.frontend]\nurl = "https://your-frontend-domain.vercel.app"\n'
    )
    loaded = load(write(tmp_path, text))
    assert loaded.environment.frontend is None
    assert "frontend counts as not configured" in loaded.warnings[0]
    assert "stand-in" in loaded.warnings[0]


def uncommented() -> str:
    return re.sub(r"^#(?=[\[a-z])", "", TEMPLATE, flags=re.MULTILINE)


def test_the_template_is_valid_as_it_stands_and_filled(tmp_path: Path) -> None:
    assert load(write(tmp_path, TEMPLATE)).warnings == ()
    loaded: Loaded = load(write(tmp_path, uncommented()))
    assert loaded.warnings == ()
    for name in ("api", "fly", "postgres", "node", "storage", "frontend", "host", "backup"):
        assert getattr(loaded.environment, name) is not None


def test_the_template_has_every_key() -> None:
    from msgspec import inspect

    def keys(kind: inspect.Type) -> set[str]:
        if isinstance(kind, inspect.StructType):
            own = {field.name for field in kind.fields}
            return own.union(*(keys(field.type) for field in kind.fields))
        if isinstance(kind, inspect.UnionType):
            return set().union(*map(keys, kind.types))
        if isinstance(kind, inspect.DictType):
            return keys(kind.value_type)
        if isinstance(kind, inspect.ListType):
            return keys(kind.item_type)
        return keys(kind.type) if isinstance(kind, inspect.Metadata) else set()

    for key in keys(inspect.type_info(Config)) - {"name"}:
        assert re.search(rf"\b{key}\b", TEMPLATE), key


@given(st.binary(max_size=200))
def test_no_bytes_break_the_loader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert all(problem.message for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("moment", "collides"),
    [
        ("02:30", True),
        ("01:00", False),
        ("06:00", False),
        ("sun 04:30", True),
        ("sat 04:30", False),
    ],
)
def test_a_schedule_in_the_maintenance_window_is_told(
    tmp_path: Path, moment: str, collides: bool
) -> None:
    schedule = f'[environment.staging.backup]\nschedule = {{ backup = "{moment}" }}\n'
    warnings = load(write(tmp_path, GOOD + schedule)).warnings
    assert bool(warnings) is collides
    if collides:
        assert f"schedule.backup = '{moment}' falls into" in warnings[0]


def test_alert_rules_and_who_is_called(tmp_path: Path) -> None:
    text = """
    [environment.demo.alerts]
    rules = ["mine.toml"]
    change.HighResponseTime = { threshold = 0.2 }
    severity = { warning = "P4" }
    [environment.demo.alerts.notify.oncall]
    send_to = { env = "ONCALL" }
    """
    file = tmp_path / "config.toml"
    file.write_text(text)
    file.chmod(0o600)
    own = load(file).environment
    assert own.alerts.rules == [str(tmp_path / "mine.toml")]
    assert own.alerts.change["HighResponseTime"].threshold == 0.2
    assert own.alerts.notify["oncall"].severities == ["P1", "P2"]
    assert sources_of(own) == [SecretRef(env="ONCALL")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('rules = ["a.json"]', "files that end in"),
        ("change.X = {}", "expected threshold"),
        ('severity = { warning = "bad" }', "P1"),
        ("notify.x = { send_to = { env = 'A', file = 'b' } }", "exactly one"),
        ("notify.x = { }", "missing"),
        ("notify.x = { send_to = 'x', always = ['P1'] }", "always.*belongs to hours"),
        ("notify.x = { send_to = 'x', hours = 'office' }", "write Mon-Fri 08:00-20:00"),
        ("notify.x = { send_to = 'x', hours = 'Mon-Fir 08:00-20:00' }", "'fir' is no day"),
        ("notify.x = { send_to = 'x', hours = '08:00-20:00', always = ['P3'] }", "told of P3 at"),
        (
            "notify.x = { send_to = 'x', hours = '08:00-20:00', zone = 'Berlin' }",
            "no such time zone.*Europe/Berlin",
        ),
        ("notify.x = { send_to = 'x', hours = '08:00-20:00', zone = '../passwd' }", "no such time"),
    ],
)
def test_what_is_wrong_with_alerts_is_named(tmp_path: Path, words: str, said: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[environment.demo.alerts]\n{words}\n")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match=said):
        load(file)


def test_an_address_in_plain_text_needs_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[environment.demo.alerts.notify.x]\nsend_to = 'json://h/token'\n")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match=r"alerts.notify.x.send_to.*plain text"):
        load(file)
    file.chmod(0o600)
    assert "plain text" in load(file).warnings[0]


def test_a_turn_on_call_begins_on_a_day_that_exists(tmp_path: Path) -> None:
    roster = '[environment.staging.oncall]\npeople = ["mira"]\nstart = "{}"\n'
    load(write(tmp_path, GOOD + roster.format("2026-11-23T09:00Z")))
    for start in ("2026-13-45", "soon"):
        with pytest.raises(ConfigError, match=r"oncall.start"):
            load(write(tmp_path, GOOD + roster.format(start)))
