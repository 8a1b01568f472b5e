"""The real engine over the trials' world: ``python -m tests.faults.process`` forks one for each
line it reads, a JSON array of FOLDER, URL and perhaps a DSN and a folder of programs, and answers
with its process id. So hundreds of engines load the program once.

Executor, journal, leases, recovery and all actions but ``keep`` are the shipped ones; only their
patience is shorter. With a DSN there is a real PostgreSQL to back up.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from ainur_tui.config.types import (
    Api,
    Backup,
    Environment,
    Fly,
    Frontend,
    Node,
    Postgres,
    SecretRef,
    SecretSource,
    ToolPath,
)
from ainur_tui.engine.main import serve
from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.secret import Secret
from ainur_tui.model.target import Target
from ainur_tui.systems import registry
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.answers import json_of
from ainur_tui.systems.base import Context
from ainur_tui.systems.fly import moves
from ainur_tui.systems.fly.releases import replacing
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.system import System
from tests.engine.engines import paths
from tests.faults.unit import UNIT
from tests.faults.words import TOKEN, digest

VERIFY = 1.5
"""Seconds after which the world's state is the verdict; minutes where a person waits."""
READY, PART = 2.0, 15.0
DRAIN = 0.1


class Keep(Action):
    """Stores a secret; only its digest can be read back."""

    spec = ActionSpec(
        name="keep", targets=["api"], risk="R2", summary="store a secret",
        params=[
            Param(name="value", type="secret", help="what to store", required=True),
            Param(name="digest", type="str", help="what it must be"),
        ],
    )  # fmt: skip

    verify_within = VERIFY

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        return Plan(
            action="keep", target=target, risk="R2", params=params, steps=["store"], affects=[],
            before={"digest": await self._digest()}, goal={"digest": params["digest"]},
            title="Store a secret",
        )  # fmt: skip

    def steps(self, plan: Plan) -> list[Step]:
        return [Step("store", self._store)]

    async def observe(self, plan: Plan) -> Observation:
        found = await self._digest()
        same = found == plan.goal["digest"]
        return Observation("verified" if same else "failed", f"the digest is {found or 'none'}")

    async def _store(self, context: StepContext) -> str:
        value = context.secrets["value"].reveal()
        await self._client.send("POST", "/secret", json={"value": value}, expect=frozenset({200}))
        return f"stored {digest(value)}"

    async def _digest(self) -> str:
        found = json_of(await self._client.get("/secret"))
        return str(found["digest"]) if isinstance(found, dict) else ""


def connect(name: str, environment: Environment, context: Context, *, url: str) -> System | None:
    """The platform whole; of node and database only what is done to them."""
    match name:
        case "api":
            client = HttpClient(url, clock=context.clock, redact=context.redact, deadline=5.0)
            targets = [Target(name="api", kind="api", title="API service")]
            if environment.postgres is None:
                targets.append(Target(name="db", kind="db", title="database"))
            return System("api", tuple(targets), actions=(Keep(client),), close=client.close)
        case "fly" | "node" | "postgres":
            system = registry.connect(name, environment, context)
        case _:
            return None
    if system is None:
        return None
    for action in system.actions:
        hasten(action)
    if name != "fly":
        system.probes, system.logs = (), ()
    return system


def hasten(action: Action, within: float = VERIFY) -> None:
    """Nobody waits here: short drains and verdicts. The parts of an action are each waited for."""
    action.verify_within = within
    for name in ("drain", "_drain"):
        if isinstance(getattr(action, name, None), float):
            setattr(action, name, DRAIN)
    for part in getattr(action, "_parts", {}).values():
        hasten(part.down, PART)
        hasten(part.up, PART)


def resolve(source: SecretSource) -> Secret:
    return Secret(source if isinstance(source, str) else TOKEN)


def engine(folder: Path, url: str, dsn: str = "", *tools: str) -> int:
    """Serve until it is killed, or nobody needs it."""
    moves.DRAIN = moves.SETTLE = DRAIN
    replacing.READY_WITHIN = READY
    environment = Environment(
        name="trial",
        api=Api(url=url),
        fly=Fly(url=url, web_url=url, token=SecretRef(env="TOKEN")),
        frontend=Frontend(url=url),
        node=Node(rpc=[f"{url}/rpc"], unit=UNIT),
        postgres=Postgres(dsn=dsn) if dsn else None,
        backup=Backup(directory=str(folder / "backups")) if dsn else None,
        tools=ToolPath(path=[str(folder / "bin"), *tools]),
    )
    return serve(
        environment,
        paths(folder),
        version="1",
        resolve_secret=resolve,
        connect=partial(connect, url=url),
        idle=15.0,  # a harness that was cut down leaves none of them behind
    )


def main() -> None:
    for name in ("api", "fly", "node", "postgres"):
        import_module(f"ainur_tui.systems.{name}.system")
    fork_for_ever(engine)


def fork_for_ever(serve_in: Callable[..., int]) -> None:
    """One engine for each line: ``serve_in`` with its folder and the other words."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
    for line in sys.stdin:
        folder, *more = json.loads(line)
        if (child := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
            os._exit(serve_in(Path(folder), *more))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
