"""What the engine says of itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil

from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.wire import PROTOCOL, Access, EngineStatus, Hello, Welcome

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine


def welcome(engine: Engine, peer: Peer) -> Welcome:
    """The answer to a hello."""
    return Welcome(
        protocol=PROTOCOL,
        version=engine.version,
        environment=engine.environment.name,
        color=engine.environment.color,
        access=peer.access,
        operator=peer.operator,
        pid=os.getpid(),
        stay=engine.stay,
        config=engine.config_digest,
        started_at=engine.started_at,
        links=engine.environment.grafana.links if engine.environment.grafana else {},
    )


def granted(engine: Engine, hello: Hello) -> Access:
    """The access a caller gets: what it asks for, within what the configuration allows."""
    both = (hello.access, engine.environment.access)
    return "operate" if both == ("operate", "operate") else "read"


def status(engine: Engine, peer: Peer) -> EngineStatus:
    """What this process is and what it costs (memory in bytes)."""
    return EngineStatus(
        pid=os.getpid(),
        version=engine.version,
        environment=engine.environment.name,
        started_at=engine.started_at,
        stay=engine.stay,
        clients=engine.clients,
        running=len(engine.executor.active),
        idle_exit_at=engine.leaves_at(),
        access=peer.access,
        memory=psutil.Process().memory_info().rss,
    )
