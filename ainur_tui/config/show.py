"""The configuration in force, as TOML, with every secret masked."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from ainur_tui.config.secrets import SECRET_KEYS
from ainur_tui.config.types import Environment
from ainur_tui.model.secret import MASK, Redactor


def masked(environment: Environment) -> dict[str, Any]:
    """The environment as builtins: absent sections left out, plain secrets as a mask."""
    found: dict[str, Any] = _mask(msgspec.to_builtins(environment), Redactor())
    return found


def as_toml(environment: Environment) -> str:
    """What :func:`masked` gives, as one TOML table."""
    tree = masked(environment)
    name = tree.pop("name")
    return "\n".join(_table(f"environment.{name}", tree)) + "\n"


def _mask(value: Any, redact: Redactor, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _mask(item, redact, name) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_mask(item, redact) for item in value]
    if isinstance(value, str):
        return MASK if key in SECRET_KEYS else redact(value)
    return value


def _table(name: str, tree: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    inner: list[str] = []
    for key, value in tree.items():
        if isinstance(value, dict) and key not in SECRET_KEYS:
            if value:
                inner += ["", *_table(f"{name}.{_key(key)}", value)]
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    return [f"[{name}]", *lines, *inner] if lines else inner[1:]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    bare = name.replace("-", "").replace("_", "")
    return name if bare.isalnum() and bare.isascii() else json.dumps(name, ensure_ascii=False)
