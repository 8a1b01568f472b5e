"""What the types cannot say: addresses, references, names that must exist, secrets in files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from ainur_tui.config.secrets import SECRET_KEYS
from ainur_tui.config.shape import Fault, Path
from ainur_tui.config.zones import names as zones
from ainur_tui.config.zones import zone
from ainur_tui.model.hours import Hours
from ainur_tui.model.target import kind_of
from ainur_tui.model.text import near

TARGETS = ("api", "db", "node", "storage", "frontend", "host")
LEVELS = ("P1", "P2", "P3", "P4")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_HTTP = ("http", "https")
_URLS: dict[tuple[str, str], tuple[str, ...]] = {
    ("api", "url"): _HTTP,
    ("fly", "url"): _HTTP,
    ("api", "pprof"): _HTTP,
    ("fly", "web_url"): _HTTP,
    ("node", "rpc"): (*_HTTP, "ws", "wss"),
    ("node", "references"): (*_HTTP, "ws", "wss"),
    ("node", "public_rpc"): (*_HTTP, "ws", "wss"),
    ("node", "metrics"): _HTTP,
    ("storage", "endpoint"): _HTTP,
    ("frontend", "url"): _HTTP,
    ("loki", "url"): _HTTP,
    ("prometheus", "url"): _HTTP,
    ("alertmanager", "url"): _HTTP,
    ("grafana", "url"): _HTTP,
}
_TOKEN_GOES_THERE = {("fly", "url"), ("fly", "web_url"), ("storage", "endpoint")}
_RULE_FILES = (".toml", ".yml", ".yaml")


def check(data: dict[str, Any]) -> Iterator[Fault]:
    """Everything wrong with a file whose shape is right."""
    environments: dict[str, dict[str, Any]] = data.get("environment", {})
    chosen = data.get("default_environment")
    if not environments:
        yield Fault(("environment",), "there is no environment; add [environment.production]")
    if chosen is not None and chosen not in environments:
        close = tuple(near(chosen, list(environments)) or environments)
        yield Fault(("default_environment",), "there is no environment of that name", close)
    for name, environment in environments.items():
        at = ("environment", name)
        if not _NAME.fullmatch(name):
            yield Fault(
                at,
                "a name is at most 32 of a-z, 0-9, - and _, and begins with a letter or digit",
            )
        for key, value in environment.items():
            yield from _section(key, value, (*at, key), environment)


def _section(key: str, value: Any, at: Path, environment: dict[str, Any]) -> Iterator[Fault]:
    match key:
        case "name" if value != at[1]:
            yield Fault(at, "the name is the table's: [environment.NAME]; take this key out")
        case "needs":
            for target, needed in value.items():
                for name in (target, *needed):
                    if kind_of(name) not in {*TARGETS, "api/machine", "storage/bucket"}:
                        close = tuple(near(name, list(TARGETS)) or TARGETS)
                        yield Fault((*at, target), "there is no target of that name", close)
        case "thresholds":
            for signal, threshold in value.items():
                if not threshold:
                    yield Fault((*at, signal), "expected warn, fail or both")
        case "alerts":
            yield from _alerts(value, at)
        case "oncall":
            try:
                datetime.fromisoformat(value["start"])
            except ValueError:
                yield Fault((*at, "start"), "there is no such day or time")
        case "backup":
            yield from _backup(value, at, environment)
        case _ if isinstance(value, dict):
            yield from _addresses(key, value, at)
            for name in SECRET_KEYS & value.keys():
                if isinstance(value[name], dict) and len(value[name]) != 1:
                    yield Fault((*at, name), "expected exactly one of env, file and command")
            if key == "node" and not value["rpc"]:
                yield Fault((*at, "rpc"), "expected at least one address")


def _backup(value: dict[str, Any], at: Path, environment: dict[str, Any]) -> Iterator[Fault]:
    if value.get("bucket") and "storage" not in environment:
        yield Fault((*at, "bucket"), "a bucket needs the section storage beside it")
    if (vault := value.get("vault")) is not None:
        if len(vault) != 1:
            yield Fault((*at, "vault"), "expected exactly one of env, file and command")
        elif "{name}" not in str(vault):
            yield Fault((*at, "vault"), "expected {name} where each secret's name belongs")
    if value.get("directory") == "" and not value.get("bucket"):
        yield Fault(at, "expected a directory, a bucket or both")


def _alerts(value: dict[str, Any], at: Path) -> Iterator[Fault]:
    for name in value.get("rules", ()):
        if not name.endswith(_RULE_FILES):
            yield Fault((*at, "rules"), f"expected files that end in {', '.join(_RULE_FILES)}")
    for table in ("response", "update"):
        for level, seconds in value.get(table, {}).items():
            if level not in LEVELS:
                yield Fault((*at, table, level), f"expected one of {', '.join(LEVELS)}", LEVELS)
            elif not seconds > 0:
                yield Fault((*at, table, level), "expected seconds above 0")
    for name, change in value.get("change", {}).items():
        if not change:
            yield Fault((*at, "change", name), "expected threshold, hold, severity or another key")
    for name, one in value.get("notify", {}).items():
        yield from _notify(one, (*at, "notify", name))


def _notify(value: dict[str, Any], at: Path) -> Iterator[Fault]:
    if isinstance(value["send_to"], dict) and len(value["send_to"]) != 1:
        yield Fault((*at, "send_to"), "expected exactly one of env, file and command")
    if value.get("hours") is None:
        for key in ("zone", "always"):
            if key in value:
                yield Fault((*at, key), "it belongs to hours, which are not given")
        return
    try:
        Hours.parse(value["hours"], UTC)
    except ValueError as problem:
        yield Fault((*at, "hours"), str(problem))
    name = value.get("zone", "UTC")
    try:
        zone(name)
    except ValueError as problem:
        yield Fault((*at, "zone"), str(problem), tuple(near(name, zones())))
    for level in value.get("always", ()):
        if level not in value.get("severities", ("P1", "P2")):
            yield Fault((*at, "always"), f"it is not told of {level} at all: see severities")


def _addresses(section: str, value: dict[str, Any], at: Path) -> Iterator[Fault]:
    for key, text in value.items():
        schemes = _URLS.get((section, key))
        for address in (text if isinstance(text, list) else [text]) if schemes else ():
            problem = _address_problem(address, schemes or (), (section, key))
            if problem:
                yield Fault((*at, key), problem)


def _address_problem(text: str, schemes: tuple[str, ...], place: tuple[str, str]) -> str | None:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "this is not an address; expected scheme://host[:port]"
    if parts.scheme not in schemes or not host:
        return f"expected an address that begins with {' or '.join(f'{s}://' for s in schemes)}"
    if parts.username or parts.password:
        return "an address here has no user or password; secrets have their own keys"
    if parts.scheme == "http" and place in _TOKEN_GOES_THERE and not is_loopback(host):
        return "expected https://: credentials are sent there"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    return host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def literal_secrets(data: dict[str, Any]) -> Iterator[Path]:
    """The key paths of secrets that stand in the file as plain text."""
    for at, value in _secrets(data.get("environment", {}), ("environment",)):
        if isinstance(value, str):
            yield at


def in_the_window(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The moments of schedules that fall into the guide's maintenance window, Sunday 02:00 to 06:00
    UTC, with the key path of each."""
    for name, environment in data.get("environment", {}).items():
        schedule = environment.get("backup", {}).get("schedule", {})
        for key in ("backup", "verify"):
            day, _, time = f" {schedule.get(key) or ''}".rpartition(" ")
            if "02:00" <= time < "06:00" and day.strip().lower() in {"", "sun"}:
                yield ("environment", name, "backup", "schedule", key), f"{day} {time}".strip()


def has_secrets(data: dict[str, Any]) -> bool:
    """Whether the file holds any secret or reference to one."""
    return any(True for _ in _secrets(data.get("environment", {}), ()))


def _secrets(value: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    """Every secret or reference to one, with its key path."""
    for key, item in value.items():
        if key in SECRET_KEYS and len(at) > 1:
            yield (*at, key), item
        elif isinstance(item, dict):
            yield from _secrets(item, (*at, key))
