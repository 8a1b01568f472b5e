"""Connects the node: its RPC, its unit, its journal."""

from __future__ import annotations

from ainur_tui.config.types import Environment
from ainur_tui.model.target import Target
from ainur_tui.systems.base import Context, Probe
from ainur_tui.systems.journald import JournalSource
from ainur_tui.systems.logsource import LogSource
from ainur_tui.systems.node.actions import RestartNode
from ainur_tui.systems.node.authors import AuthorsProbe
from ainur_tui.systems.node.chain import ChainProbe
from ainur_tui.systems.node.client import NodeClient
from ainur_tui.systems.node.disk import DiskProbe
from ainur_tui.systems.node.events import EventsProbe
from ainur_tui.systems.node.exposure import ExposureProbe
from ainur_tui.systems.node.facts import FactsProbe
from ainur_tui.systems.node.follow import Follow
from ainur_tui.systems.node.heads import Heads
from ainur_tui.systems.node.metrics import NodeMetrics
from ainur_tui.systems.node.peers import PeersProbe
from ainur_tui.systems.node.peerwatch import PeerWatch
from ainur_tui.systems.node.power import StartNode, StopNode
from ainur_tui.systems.node.references import References
from ainur_tui.systems.node.reserved import ReleasePeer, ReservePeer
from ainur_tui.systems.node.unit import UnitProbe
from ainur_tui.systems.node.unitwatch import UnitWatch
from ainur_tui.systems.node.verbosity import NodeLogLevel
from ainur_tui.systems.system import System
from ainur_tui.systems.systemctl import Systemctl


def connect(environment: Environment, context: Context) -> System | None:
    """The node as configured, or ``None`` without a section for it. Nothing is contacted yet."""
    config = environment.node
    if config is None:
        return None
    client = NodeClient(config.rpc, context, config.timeout)
    metrics = NodeMetrics(config.metrics, context, config.timeout / 2) if config.metrics else None
    follow = Follow(config, context)
    heads = Heads(client, follow, metrics, context.clock)
    peers, others = PeerWatch(client, context.clock), References(client, config, context)
    systemctl = Systemctl(config.unit, context) if config.unit else None
    unit = UnitWatch(systemctl, context.clock) if systemctl else None
    exposure = ExposureProbe(config, context)
    probes: list[Probe] = [
        ChainProbe(client, peers, others, config, context, heads=heads),
        FactsProbe(client, metrics, heads, config, context),
        PeersProbe(peers, client, unit, config, context),
        AuthorsProbe(client, metrics, config, context),
        EventsProbe(client, config, context),
        exposure,
    ]
    logs: list[LogSource] = []
    if systemctl is not None and unit is not None:
        probes.append(UnitProbe(unit, config, context))
        if context.tools.find("journalctl") is not None:
            logs.append(JournalSource("node", "node", systemctl.unit, context))
    if unit is not None or config.base_path:
        probes.append(DiskProbe(unit, config, context))

    async def close() -> None:
        await client.close()
        await follow.close()
        await others.close()
        await exposure.close()
        if metrics is not None:
            await metrics.close()

    return System(
        name="node",
        targets=(Target(name="node", kind="node", title="Node"),),
        probes=tuple(probes),
        logs=tuple(logs),
        actions=(
            *(
                kind(client, systemctl, context, config.timeout)
                for kind in (RestartNode, StartNode, StopNode, NodeLogLevel)
            ),
            ReservePeer(client, config.timeout),
            ReleasePeer(client, config.timeout),
        ),
        close=close,
    )
