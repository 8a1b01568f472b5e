"""Looks at what serves users, on the way back from nothing: each says whether a stage is done, and
what does it where it is not. Nothing is changed here."""

from __future__ import annotations

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems import resolvers
from ainur_tui.systems.acting import World
from ainur_tui.systems.fly.health import health, serving
from ainur_tui.systems.fly.recovery.cutting import EDGE_DEADLINE
from ainur_tui.systems.fly.recovery.ground import Ground
from ainur_tui.systems.fly.recovery.keptnames import names_in
from ainur_tui.systems.fly.recovery.rebuild import Look, Seen
from ainur_tui.systems.fly.secrets import vault
from ainur_tui.systems.fly.secrets.rows import known
from ainur_tui.systems.storage.drift import difference


class ServiceLooks:
    """In the order of the stages."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def apps(self, world: World | None) -> Seen:
        app = self._ground.app
        try:
            await self._ground.reach.hands.client.about()
        except ProbeFailure as failure:
            able = {"name": app} if failure.kind == "missing" else None
            hand = f"fly apps create {app}; a name that is taken by others: another in fly.app"
            return Seen(False, str(failure), able, by_hand=hand)
        return Seen(True, f"the app {app} is there")

    async def address(self, world: World | None) -> Seen:
        if "DATABASE_URL" in await known(self._ground.reach.hands.client):
            return Seen(True, "DATABASE_URL is set")
        return Seen(False, "DATABASE_URL is not set", {})

    async def secrets(self, world: World | None) -> Seen:
        there = await known(self._ground.reach.hands.client)
        wanted = names_in(await self._ground.kept())
        if left := [name for name in wanted if name not in there]:
            hand = (
                "ainur-tui run secret-import api --param file=PATH --param stage=true: their values"
                " are in nothing but your own vault"
            )
            able, said = None, f"not set: {', '.join(left[:12])}"
            backup = self._ground.environment.backup
            if backup and backup.vault:
                lacks = vault.lacking(await vault.asked(backup.vault, left))
                if held_there := [name for name in left if name not in lacks]:
                    able = {"names": ",".join(held_there), "stage": "true"}
                said += "".join(f"; the vault lacks {name}: {why}" for name, why in lacks.items())
            return Seen(False, said, able, by_hand=hand)
        told = f"all {len(wanted)} names that were kept" if wanted else "none was kept to compare"
        return Seen(True, f"{len(there)} secrets are set: {told}")

    async def storage(self, world: World | None) -> Seen:
        for bucket, copy in self._ground.copies:
            try:
                found = await difference(copy, bucket)
            except ProbeFailure as failure:
                hand = (
                    f"make the buckets {bucket.name} and {copy.name}; storage.endpoint names them"
                )
                return Seen(False, str(failure), by_hand=hand)
            if found.new:
                params = {"source": copy.name, "into": bucket.name}
                return Seen(False, f"{len(found.new):,} objects are only in {copy.name}", params)
        names = ", ".join(bucket.name for bucket, _ in self._ground.copies)
        return Seen(True, f"{names}: nothing is only in its copy" if names else "no copy is known")

    async def machines(self, world: World | None) -> Seen:
        now = self._ground.reach.clock.now()
        there = serving(await self._ground.reach.hands.client.machines())
        apps = (await self._ground.kept()).get("apps") or [{}]
        before = apps[0].get("machines") or []
        image = clean(before[0].get("image") or "IMAGE", 200) if before else "IMAGE"
        wanted = max(1, len(before))
        if not there:
            hand = f"fly deploy --app {self._ground.app} --image {image}"
            return Seen(False, f"the app has no machine, it had {len(before)}", by_hand=hand)
        if len(there) < wanted:
            words = f"{len(there)} of {wanted} machines"
            return Seen(False, words, {"count": str(wanted)})
        if ill := [one.id for one in there if health(one, now).state == "down"]:
            hand = f"ainur-tui run restart api/machine/{ill[0]}, or look at its log"
            return Seen(False, f"{', '.join(ill[:3])} not healthy", by_hand=hand)
        return Seen(True, f"{len(there)} machines, {wanted} before")

    async def certificates(self, world: World | None) -> Seen:
        wanted = [clean(host, 100) for host in (await self._ground.kept()).get("hostnames", [])]
        rows = await self._ground.reach.hands.client.certificates() if wanted else []
        there = {str(row.get("hostname")): row.get("configured") is True for row in rows}
        for host in wanted:
            if not there.get(host):
                app = self._ground.app
                hand = f"fly certs add {host} --app {app}, and its DNS to the app's addresses"
                return Seen(False, f"{host}: no certificate that is ready", by_hand=hand)
        return Seen(True, f"{len(wanted)} host names have theirs" if wanted else "none was kept")

    async def outside(self, world: World | None) -> Seen:
        hand = "DNS to the new app, at the registrar; then api.url of the configuration answers"
        if self._ground.reach.edge is None:
            return Seen(False, "no api.url is configured", by_hand=hand)
        try:
            found = await self._ground.reach.edge.health(None, EDGE_DEADLINE)
        except ProbeFailure as failure:
            return Seen(False, str(failure), by_hand=hand)
        words = f"GET /health from outside: {found.answer.status} {found.status}"
        well, told = found.well, []
        for host in resolvers.public_hosts(self._ground.environment):
            said = await resolvers.heard(host, self._ground.environment.resolvers)
            well = well and resolvers.disagreement(said) is None
            told.append(f"{clean(host, 80)} {resolvers.words(said)}")
        return Seen(well, "; ".join([words, *told]), by_hand=hand)

    def up(self, target: str, hand: str) -> Look:
        """Whether the board shows a target as well; one that is not configured is none's loss."""

        async def look(world: World | None) -> Seen:
            found = world.board.target(target) if world else None
            if found is None:
                return Seen(True, f"no {target} is configured")
            return Seen(found.state in {"up", "degraded"}, f"{target}: {found.state}", by_hand=hand)

        return look

    async def opened(self, world: World | None) -> Seen:
        seen = await self._ground.reach.outside.seen()
        if any(seen.values()):
            return Seen(False, "users see the maintenance page", {"mode": "off"})
        return Seen(True, "nobody sees the maintenance page")
