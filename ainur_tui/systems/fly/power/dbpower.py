"""Start and stop the machine(s) PostgreSQL runs on."""

from __future__ import annotations

from ainur_tui.model.action import ActionSpec, Plan, Undo
from ainur_tui.rules.usage import sessions
from ainur_tui.systems.acting import AlreadySo, World
from ainur_tui.systems.fly.fleet import judged, machines
from ainur_tui.systems.fly.hands import AT_REST
from ainur_tui.systems.fly.power.power import Start, Stop


class StartDatabase(Start):
    """Each must answer as PostgreSQL before it counts."""

    spec = ActionSpec(
        name="start",
        targets=["db"],
        risk="R1",
        summary="Start the database's machines that are at rest; done when PostgreSQL answers",
        inverse="stop db",
    )


class StopDatabase(Stop):
    """Nobody has a database until it is started."""

    verb = "stop"
    spec = ActionSpec(
        name="stop",
        targets=["db"],
        risk="R3",
        summary="Stop the database's machines: every session ends; volumes and data stay",
        inverse="start db",
    )

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        all = await judged(self.hands)
        # Replicas before the primary.
        chosen = sorted(
            (m for m, _ in all if m.state not in AT_REST), key=lambda m: m.role == "primary"
        )
        if not chosen:
            raise AlreadySo("the database does not run; nothing to stop")
        facts = [f"{m.id}: {m.state} → stopped" for m in chosen]
        return self.draft(
            target, {}, all, chosen, world,
            title=f"Stop the database ({machines(len(chosen))})",
            affects=True,
            undo=Undo(action="start", target=target),
            warnings=["Open transactions are rolled back; the API is without a database"],
            facts=[*facts, *sessions(world.board)],
        )  # fmt: skip
