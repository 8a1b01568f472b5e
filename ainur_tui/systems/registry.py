"""Which systems exist. A new one is a folder with a ``system.py`` and one line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ainur_tui.config.types import Environment
from ainur_tui.systems.base import Context
from ainur_tui.systems.system import System

SYSTEMS: tuple[str, ...] = (
    "api", "fly", "postgres", "node", "storage", "frontend", "host", "logs", "loki", "prometheus",
    "alertmanager", "notify",
)  # fmt: skip
"""Folders under ``systems/``; each has ``system.py`` with ``connect(environment, context)``."""

Connect = Callable[[Environment, Context], System | None]


def connect(name: str, environment: Environment, context: Context) -> System | None:
    """Connect one system; ``None`` when its section is absent from the configuration.

    Systems are imported only when used: the drivers cost a start-up nobody should pay for.
    """
    factory: Connect = import_module(f"ainur_tui.systems.{name}.system").connect
    return factory(environment, context)
