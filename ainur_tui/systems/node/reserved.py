"""Reserved peers: those the node always keeps a connection to, whatever its limits."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import DENIED, UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.node.client import NodeClient, RpcRefused
from ainur_tui.systems.node.shapes import Connections, Peer, Text

_ID = r"(?P<peer>[1-9A-HJ-NP-Za-km-z]{32,64})"
_PEER = re.compile(_ID)
_ADDRESS = re.compile(
    r"/(?:ip4|ip6|dns|dns4|dns6)/[A-Za-z0-9.:_-]{1,253}/(?:tcp|udp)/\d{1,5}"
    rf"(?:/(?:ws|wss|quic-v1))?/p2p/{_ID}"
)
"""A libp2p address with the identity of who must answer there."""
LASTS = "It lasts until the node restarts; the flag --reserved-nodes keeps it."


def asked_for(method: str, failure: ProbeFailure) -> Refused:
    """Why an unsafe method cannot be used, with the way out."""
    if isinstance(failure, RpcRefused) and failure.hidden:
        words = "reach its RPC from its own machine, or set --rpc-methods unsafe for the while"
        return Refused(f"the node does not let us call {method}: {words}", DENIED)
    return Refused(str(failure), UNAVAILABLE)


async def ordered(client: NodeClient, method: str, *given: str, deadline: float) -> str:
    """Have the node do it. Raises ActionFailure with its own words."""
    try:
        await client.call(method, Any, *given, deadline=deadline)
    except ProbeFailure as failure:
        raise ActionFailure(str(failure)) from None
    return f"{method} answered"


class _Reserved(Action):
    """Adds or removes one; verified by ``system_reservedPeers``."""

    reserve: bool
    method: str

    def __init__(self, client: NodeClient, deadline: float) -> None:
        self._client = client
        self._deadline = deadline

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        peer, address = self._wanted(params)
        try:
            there = peer in await self._reserved()
        except ProbeFailure as failure:
            raise asked_for("system_reservedPeers", failure) from None
        if there == self.reserve:
            raise AlreadySo(f"{peer} is {'' if there else 'not '}reserved already")
        known = await self._known(peer)
        address = address or known
        name = self.spec.name
        facts = [f"peer {peer}: {'not reserved → reserved' if self.reserve else 'reserved → not'}"]
        connected = await self._connected(peer)
        if connected is not None:
            facts.append("connected now" if connected else "not connected now")
        undo = Undo(action="release-peer", target=target, params={"peer": peer})
        if not self.reserve:
            way = {"address": address} if address else {}
            undo = Undo(action="reserve-peer", target=target, params=way)
        takes_back = self.reserve or bool(address)
        warnings = [LASTS] if self.reserve else ["The node may let the connection go."]
        if not takes_back:
            warnings.append("Its address is not known: taking it back needs it")
        return Plan(
            action=name,
            target=target,
            risk=self.spec.risk,
            params={"address": address} if self.reserve and address else {"peer": peer},
            steps=[f"{self.method} {peer}"],
            affects=[],
            before={"reserved": there},
            goal={"peer": peer, "given": address if self.reserve else peer},
            inverse=f"{undo.action} {target}" if takes_back else None,
            undo=undo if takes_back else None,
            expected_seconds=world.usual_seconds or 2.0,
            title=f"{'Reserve' if self.reserve else 'Release'} a peer of the node",
            warnings=warnings,
            facts=facts,
        )

    def steps(self, plan: Plan) -> list[Step]:
        return [Step(plan.steps[0], partial(self._act, str(plan.goal["given"])), "finish")]

    async def observe(self, plan: Plan) -> Observation:
        """Read who is reserved now."""
        try:
            there = plan.goal["peer"] in await self._reserved()
        except ProbeFailure as failure:
            return Observation("unknown", f"system_reservedPeers: {failure}")
        seen = f"system_reservedPeers {'has' if there else 'does not have'} {plan.goal['peer']}"
        return Observation("verified" if there == self.reserve else "failed", seen)

    def _wanted(self, params: dict[str, str]) -> tuple[str, str | None]:
        """The peer's identity, and its address where one is given."""
        name = "address" if self.reserve else "peer"
        given = params.get(name, "").strip()
        found = (_ADDRESS if self.reserve else _PEER).fullmatch(given)
        if found is None:
            place = "/ip4/203.0.113.7/tcp/30333/p2p/" if self.reserve else ""
            raise Refused(f"{self.spec.name} needs {name}={place}12D3…", USAGE)
        return found["peer"], given if self.reserve else None

    async def _act(self, given: str, _: StepContext) -> str:
        return await ordered(self._client, self.method, given, deadline=self._deadline)

    async def _reserved(self) -> list[str]:
        found: list[str] = await self._client.call(
            "system_reservedPeers", list[Text], deadline=self._deadline
        )
        return found

    async def _connected(self, peer: str) -> bool | None:
        try:
            peers = await self._client.call("system_peers", list[Peer], deadline=self._deadline)
        except ProbeFailure:
            return None
        return any(one.peer_id == peer for one in peers)

    async def _known(self, peer: str) -> str | None:
        """The address at which the node itself has called this peer."""
        try:
            state = await self._client.call(
                "system_unstable_networkState", Connections, deadline=self._deadline
            )
        except ProbeFailure:
            return None
        link = state.connected_peers.get(peer)
        called: Any = link.endpoint.get("dialing") if link else None
        address = f"{called[0]}/p2p/{peer}" if isinstance(called, list) and called else ""
        return address if _ADDRESS.fullmatch(address) else None


class ReservePeer(_Reserved):
    """Keep a connection to a peer."""

    reserve, method = True, "system_addReservedPeer"
    spec = ActionSpec(
        name="reserve-peer",
        targets=["node"],
        risk="R1",
        summary="Have the node keep a connection to a peer, until it restarts",
        params=[
            Param(
                name="address", type="str", required=True,
                help="where it is and who it must be: /ip4/…/tcp/30333/p2p/12D3…",
            )
        ],
        inverse="release-peer",
    )  # fmt: skip


class ReleasePeer(_Reserved):
    """A peer like any other again."""

    reserve, method = False, "system_removeReservedPeer"
    spec = ActionSpec(
        name="release-peer",
        targets=["node"],
        risk="R2",
        summary="Let a reserved peer be like any other; the connection to it may go",
        params=[Param(name="peer", type="str", required=True, help="its identity: 12D3…")],
        inverse="reserve-peer",
    )
