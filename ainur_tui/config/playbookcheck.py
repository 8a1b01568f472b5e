"""A playbook's file against its types: every fault with its line, key and the nearest names."""

from __future__ import annotations

import tomllib

from ainur_tui.config.locate import Lines
from ainur_tui.config.problem import Problem
from ainur_tui.config.shape import faults
from ainur_tui.model.playbook import Playbook


def problems(name: str, text: str) -> list[Problem]:
    """All that is wrong with the values; ``name`` is what the file is called."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [Problem(name, getattr(error, "lineno", 0), "", f"not TOML: {error}")]
    lines = Lines(text)
    return [
        Problem(name, lines.of(fault.at), ".".join(fault.at), fault.message, fault.near)
        for fault in faults(data, Playbook)
    ]
