"""The platform as a system, pointed at the fake."""

from __future__ import annotations

from typing import Any

from ainur_tui.config.types import Api, Environment, Fly, SecretMissing, SecretSource
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.fly.system import connect
from ainur_tui.systems.system import System
from tests.systems.flyfake import TOKEN
from tests.systems.web import RealClock


def secret(source: SecretSource) -> Secret:
    if not isinstance(source, str):
        raise SecretMissing("the environment variable is not set")
    return Secret(source)


CONTEXT = Context("test", RealClock(), Redactor(), Tools(lambda _: None), secret)


def system_for(url: str, *, context: Context = CONTEXT, **changes: Any) -> System:
    api = Api(url=url, timeout=2, pool_size=25)
    fly = Fly(url=url, web_url=url, token=TOKEN, timeout=2, interval=2)
    found = connect(Environment(**({"api": api, "fly": fly} | changes)), context)
    assert found is not None
    return found
