"""Where things are, the schema, and what ``show`` lets out."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from ainur_tui.config.paths import config_file, paths_for, state_root
from ainur_tui.config.placeholders import is_placeholder, placeholder_in
from ainur_tui.config.schema import schema
from ainur_tui.config.show import as_toml, masked
from ainur_tui.config.types import Environment, Fly, Frontend, Postgres, SecretRef, Threshold


def test_xdg_places() -> None:
    home = {"HOME": "/h"}
    assert config_file(home) == Path("/h/.config/ainur-tui/config.toml")
    assert config_file(home | {"XDG_CONFIG_HOME": "/c"}) == Path("/c/ainur-tui/config.toml")
    assert config_file(home | {"XDG_CONFIG_HOME": "relative"}) == config_file(home)
    assert config_file(home | {"AINUR_CONFIG": "/x.toml"}) == Path("/x.toml")
    assert state_root(home) == Path("/h/.local/state/ainur-tui")
    found = paths_for(Environment(name="p"), home | {"XDG_RUNTIME_DIR": "/run/user/7"})
    assert found.socket == Path("/run/user/7/ainur-tui/p/engine.sock")
    assert found.journal.parent == Path("/h/.local/state/ainur-tui/p")


def test_without_a_runtime_directory_users_do_not_share_one() -> None:
    import os

    found = paths_for(Environment(name="p"), {"HOME": "/h"})
    assert str(os.getuid()) in str(found.runtime_dir)


def test_the_environments_own_folders_win() -> None:
    own = Environment(name="p", state_dir="/s", runtime_dir="/r")
    assert paths_for(own, {"HOME": "/h"}).lock == Path("/r/engine.lock")
    assert paths_for(own, {"HOME": "/h"}).history.parent == Path("/s")
    assert paths_for(own, {"HOME": "/h"}).head == Path("/s/journal.head")
    elsewhere = Environment(name="p", state_dir="/s", anchor_dir="/mnt/a")
    assert paths_for(elsewhere, {"HOME": "/h"}).head == Path("/mnt/a/p/journal.head")


def test_placeholders() -> None:
    for text in (
        "https://your-frontend-domain.vercel.app", "http://grafana.your-domain.com/d",
        "postgresql://monitoring:strong_password@h/d", "<password>", "YOUR_TOKEN", "changeme",
    ):  # fmt: skip
        assert is_placeholder(text), text
    for text in ("https://app.ainur.network", "yourself", "postgresql://u:p@h:5432/d", "/your/x"):
        assert not is_placeholder(text), text
    assert placeholder_in({"a": [1, {"b": "<x>"}]}) == "a.1.b"
    assert placeholder_in({"a": [1]}) is None


def test_the_schema_knows_the_sections() -> None:
    text = json.dumps(schema())
    for word in ("postgres", "interval", "additionalProperties", "seconds between the runs"):
        assert word in text


def test_show_masks_and_stays_toml() -> None:
    environment = Environment(
        name="p",
        fly=Fly(token=SecretRef(env="T")),
        postgres=Postgres(dsn="postgresql://u:canary-1@h/d"),
        frontend=Frontend(url="http://u:canary-2@h"),
        thresholds={"api.queue": Threshold(warn=5)},
    )
    text = as_toml(environment)
    assert "canary" not in text
    tree = tomllib.loads(text)["environment"]["p"]
    assert tree["fly"]["token"] == {"env": "T"}
    assert tree["thresholds"]["api.queue"] == {"warn": 5}
    assert "node" not in tree
    assert "canary" not in json.dumps(masked(environment))
