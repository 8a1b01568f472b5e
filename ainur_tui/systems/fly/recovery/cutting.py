"""The action ``cut-over``: the API from one database to another of the same server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec.structs import replace as with_

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ProbeFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, World
from ainur_tui.systems.api.client import ApiClient
from ainur_tui.systems.base import Clock
from ainur_tui.systems.fly.fleet import SECONDS_EACH, judged, sentence, well
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.power import chain
from ainur_tui.systems.fly.power.chain import Piece
from ainur_tui.systems.fly.power.maintenance import Maintenance, Page
from ainur_tui.systems.fly.power.outside import Outside
from ainur_tui.systems.fly.recovery.repoint import Repoint
from ainur_tui.systems.fly.recovery.secondword import SecondWord
from ainur_tui.systems.postgres.backup.server import NAME, Server
from ainur_tui.systems.postgres.dsn import Address, parse
from ainur_tui.systems.postgres.recovery.parts import Alike, Freeze
from ainur_tui.systems.postgres.recovery.where import SESSIONS, gathered, told

LIKE, WORD, PAGE_ON, FREEZE, API, PAGE_OFF = "new", "word", "page on", "old", "api", "page off"
EDGE_DEADLINE = 3.0


@dataclass(frozen=True)
class Reach:
    """What a cut-over needs: hands on the API's machines, eyes outside, the database server.
    ``dsn`` is the application's, ``None`` where the configuration refers to none."""

    hands: Hands
    outside: Outside
    edge: ApiClient | None
    server: Server
    dsn: Secret | None
    clock: Clock

    @property
    def address(self) -> Address:
        """Where the application connects, without the password."""
        return parse(self.dsn or Secret("postgresql://"))

    async def where(self) -> dict[str, dict[str, int]]:
        """The application's sessions by database; raises ProbeFailure."""
        async with self.server.session() as connection:
            return gathered(await connection.fetch(SESSIONS, self.address.user))

    async def paged(self) -> bool:
        """Whether users see the maintenance page now, as far as anybody can tell."""
        try:
            return any((await self.outside.seen()).values())
        except ProbeFailure:
            return False

    async def present(self) -> str:
        """The database the application uses now; without a session, that of its reference."""
        return next(iter(await self.where()), self.address.database)


class Moving(Action):
    """What ``recover`` and ``cut-over`` share: the parts that lead the API elsewhere."""

    verify_within = 10.0
    """Every part was seen already; after a crash nobody should wait long to go on."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach

    def unavailable(self) -> str | None:
        if self.reach.dsn is None:
            return (
                "give backup.application, a reference to the DSN that the API uses: the platform"
                " does not tell the value of DATABASE_URL, and the way back needs it"
            )
        return self.reach.hands.forbids("secrets")

    async def to_do(self, old: str, new: str, *, restored: bool) -> list[Piece]:
        """The parts that make sense now. Where all sessions are in the new database already, an
        earlier run came so far; where no machine serves, none can show the page."""
        paged = await self.reach.paged()
        arrived = old != new and set(await self.reach.where()) == {new}
        page = paged or well(await judged(self.reach.hands)) > 0
        leave = {PAGE_ON, PAGE_OFF} if not page or (arrived and not paged) else set()
        if arrived:
            leave |= {LIKE, WORD, PAGE_ON, API}
        return [one for one in self.pieces(old, new, restored=restored) if one.name not in leave]

    def pieces(self, old: str, new: str, *, restored: bool) -> list[Piece]:
        """All parts in their order; a ``restored`` database is made like the old one first."""
        reach, moved = self.reach, {"from": old, "into": new}
        server, user = reach.server, reach.address.user
        on = Piece(PAGE_ON, Page(reach.hands, reach.outside, "on"), "api", check=self._paged)
        off = Piece(
            PAGE_OFF, Maintenance(reach.hands, reach.outside, ahead=True), "api",
            {"mode": "off"}, check=self._open,
        )  # fmt: skip
        dsn = reach.dsn or Secret("")
        return [
            *(self._before(moved) if restored else []),
            on,
            Piece(FREEZE, Freeze(server, user), "db", moved, optional=True),
            Piece(API, Repoint(reach.hands, dsn), "api", moved, check=self.arrived),
            off,
        ]

    def _before(self, moved: dict[str, str]) -> list[Piece]:
        server, address = self.reach.server, self.reach.address
        return [
            Piece(LIKE, Alike(server, address.user), "db", moved, optional=True),
            Piece(WORD, SecondWord(server, address), "db", moved),
        ]

    def steps(self, plan: Plan) -> list[Step]:
        return chain.steps(plan, self._all(plan))

    def _all(self, plan: Plan) -> list[Piece]:
        return self.pieces(plan.goal["from"], plan.goal["into"], restored=True)

    async def observe(self, plan: Plan) -> Observation:
        found = await self.arrived(plan)
        if found.state == "verified":
            opened = await self._open(plan)
            found = Observation(opened.state, f"{found.by}; {opened.by}")
        if found.state != "verified":
            back = f"`{plan.inverse}` goes back"
            found = replace(found, by=f"{found.by}. The same again goes on from here; {back}")
        return found

    async def arrived(self, plan: Plan) -> Observation:
        """Whether the API's sessions are in the new database, and it answers from outside."""
        old, new = str(plan.goal["from"]), str(plan.goal["into"])
        try:
            where = await self.reach.where()
            by = f"{told(where, new)} in {new}"
            if where.get(old):
                by += f", still in {old}: {told(where, old)}"
            if next(iter(where), None) != new:
                return Observation("failed", by)
            if self.reach.edge is not None:
                found = await self.reach.edge.health(None, EDGE_DEADLINE)
                by += f"; GET /health from outside: {found.answer.status} {found.status}"
                if not found.well:
                    return Observation("failed", by)
        except ProbeFailure as failure:
            return Observation("unknown", str(failure))
        return Observation("verified", clean(by, 400))

    async def _paged(self, plan: Plan) -> Observation:
        return await self._page(wanted=True)

    async def _open(self, plan: Plan) -> Observation:
        return await self._page(wanted=False)

    async def _page(self, *, wanted: bool) -> Observation:
        try:
            seen = await self.reach.outside.seen()
        except ProbeFailure as failure:
            return Observation("unknown", f"not seen from outside: {failure}")
        words = {True: "in maintenance", False: "in service"}
        by = ", ".join(f"{who} {words[on]}" for who, on in seen.items()) or "nobody can be asked"
        right = all(on is wanted for on in seen.values())
        return Observation("verified" if right else "failed", by)

    def whole(
        self, target: str, params: dict[str, str], drawn: chain.Drawn, pieces: Sequence[Piece],
        world: World, *, title: str, before: dict[str, Any], goal: dict[str, Any],
        warnings: list[str], facts: list[str], blocked: str | None = None, seconds: float = 0.0,
    ) -> Plan:  # fmt: skip
        """The plan of all parts together; raises AlreadySo where none is left."""
        if not drawn.parts:
            raise AlreadySo(f"the API uses {goal['into']} already; nothing is left to do")
        address, old, new = self.reach.address, goal["from"], goal["into"]
        undo = Undo(action="cut-over", target="db", params={"database": old})
        parts = drawn.parts
        machines = sum(len(plan.goal.get("machines", [])) for plan in parts.values())
        where = f"{address.host}:{address.port}"
        plan = Plan(
            action=self.spec.name, target=target, risk="R3", params=params, steps=[],
            affects=["api", *world.dependants("api")],
            before=before | {name: part.before for name, part in parts.items()},
            goal={**goal, "parts": chain.kept(parts)},
            inverse=sentence(undo), undo=undo,
            expected_seconds=world.usual_seconds or seconds + SECONDS_EACH * machines,
            title=title,
            warnings=[
                *warnings, *drawn.warnings,
                f"{old} is kept, not dropped; what is written to {new} is not in it",
            ],
            facts=[
                f"the API goes from {where}/{old} to {where}/{new}, as {address.user}",
                *facts, *drawn.notes,
                f"afterwards: postgres.dsn of this configuration names {new}, or it goes on"
                f" watching and backing up {old}",
            ],
            blocked=next(filter(None, [blocked, *(p.blocked for p in parts.values())]), None),
            asks=new if WORD in parts else None,
            policy=next(filter(None, (p.policy for p in parts.values())), None),
        )  # fmt: skip
        return with_(plan, steps=[step.name for step in chain.steps(plan, pieces)])


class CutOver(Moving):
    """Users see the page meanwhile; the database that is left takes no writes any more."""

    spec = ActionSpec(
        name="cut-over",
        targets=["db"],
        risk="R3",
        summary="Lead the API to another database of the server, behind the maintenance page",
        params=[
            Param(name="database", type="str", help="the database it shall use", required=True)
        ],
        inverse="cut-over to the database before",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        new = params.get("database", "").strip()
        if not NAME.fullmatch(new):
            raise Refused("cut-over needs database=NAME, of a-z, 0-9 and _", USAGE)
        old = await self.reach.present()
        if why := self.unavailable():
            raise Refused(why, UNAVAILABLE)
        blocked = None
        if not await self.reach.server.exists(new):
            blocked = f"there is no database {new} on {self.reach.server.address.shown}"
        elif old == new and not await self.reach.paged():
            raise AlreadySo(f"the API uses {new} already")
        elif old == new:  # an earlier run broke off behind the page
            old = self.reach.address.database
        pieces = await self.to_do(old, new, restored=False)
        drawn = await chain.draw(pieces, world)
        return self.whole(
            target, {"database": new}, drawn, pieces, world,
            title=f"Lead the API from {clean(old, 63)} to {new}",
            before={"api in": old}, goal={"from": old, "into": new},
            warnings=[f"what was written to {clean(old, 63)} stays there alone"],
            facts=[], blocked=blocked,
        )  # fmt: skip
