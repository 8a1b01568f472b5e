"""What is looked at on the way back from nothing: each look says whether a stage is done, and what
does it where it is not. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ainur_tui.config.types import Environment
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems import resolvers
from ainur_tui.systems.base import World
from ainur_tui.systems.fly import vault
from ainur_tui.systems.fly.cutting import EDGE_DEADLINE, Reach
from ainur_tui.systems.fly.health import health, serving
from ainur_tui.systems.fly.keptnames import kept, names_in
from ainur_tui.systems.fly.rebuild import Look, Seen
from ainur_tui.systems.fly.secretrows import known
from ainur_tui.systems.postgres.backup import catalogue
from ainur_tui.systems.postgres.backup.places import Place
from ainur_tui.systems.postgres.dsn import Address, parse
from ainur_tui.systems.postgres.rebuild_roles import emptied, held, lacking, missing
from ainur_tui.systems.postgres.recovery_candidates import Candidate, rank
from ainur_tui.systems.storage.client import Bucket
from ainur_tui.systems.storage.drift import difference


@dataclass
class Ground:
    """Everything the looks ask. ``monitor`` is the address this console reads with; ``copies`` are
    pairs of a bucket and its copy."""

    environment: Environment
    reach: Reach
    places: Sequence[Place]
    application: Secret
    monitor: Secret
    redact: Redactor
    timeout: float
    copies: Sequence[tuple[Bucket, Bucket]] = field(default=())

    @property
    def at(self) -> Address:
        """Where the application connects."""
        return parse(self.application)

    @property
    def app(self) -> str:
        return self.reach.hands.client.app

    async def best(self) -> Candidate | None:
        """The backup to rebuild from."""
        clock = self.reach.clock
        listing = await catalogue.read(self.places, clock)
        return next((one for one in rank(listing.rows, clock.now()) if one.usable), None)

    # The looks, in the order of the stages.

    async def server(self, world: World | None) -> Seen:
        del world
        where = self.reach.server.address
        hand = (
            f"fly postgres create --name {self._database_app()}-recovery (size and region: in the"
            " configuration beside the backup), then give backup.admin the DSN of a role there that"
            " may make roles and databases, to the database postgres"
        )
        try:
            major = await self.reach.server.major()
        except ProbeFailure as failure:
            return Seen(False, str(failure), by_hand=hand)
        return Seen(True, f"PostgreSQL {major} answers at {where.shown}")

    async def roles(self, world: World | None) -> Seen:
        del world
        best = await self.best()
        wanted = [*(best.row["roles"] or () if best else ()), self.at.user,
                  parse(self.monitor).user]  # fmt: skip
        left = await missing(self.reach.server, list(dict.fromkeys(wanted)))
        said = clean(", ".join(left), 200)
        params = {"names": "\n".join(left)}
        return Seen(False, f"not there: {said}", params) if left else Seen(True, "all are there")

    async def restored(self, world: World | None) -> Seen:
        del world
        best, name = await self.best(), self.at.database
        if best is None:
            return Seen(False, "no backup can be restored and compared", by_hand=(
                "an archive of the guide's script goes in by gunzip -c FILE | psql -v"
                " ON_ERROR_STOP=1, into a new database; a backup that is not proven: backup verify"
            ))  # fmt: skip
        rows = await held(self.reach.server, name)
        if rows is None:
            # Without their names, owners could not be made before: all is the restorer's then.
            owners = "true" if best.row["roles"] else "false"
            params = {"id": best.id, "into": name, "owners": owners}
            return Seen(False, f"no database {name}; {best.id}: {best.evidence}", params)
        if lost := emptied(best.row["rows"], rows):
            return Seen(
                False, f"{name} is there without {len(lost)} tables of {best.id}, as {lost[0]}",
                by_hand=f"ALTER DATABASE {name} RENAME TO {name}_empty: what is there is not"
                " touched by this program",
            )  # fmt: skip
        return Seen(True, f"{name} holds {sum(rows.values()):,} rows in {len(rows)} tables")

    async def used(self, world: World | None) -> Seen:
        del world
        lacks = await lacking(self.application, self.redact, self.timeout)
        if lacks:
            return Seen(False, f"{self.at.user} may not use {lacks} tables", {})
        return Seen(True, f"{self.at.user} logs in, and may use every table")

    async def watched(self, world: World | None) -> Seen:
        del world
        try:
            await lacking(self.monitor, self.redact, self.timeout)
        except ProbeFailure as failure:
            hand = "point postgres.dsn there; ainur-tui run monitor-role db makes or mends its role"
            return Seen(False, str(failure), by_hand=hand)
        return Seen(True, f"{parse(self.monitor).shown} can be read")

    async def apps(self, world: World | None) -> Seen:
        del world
        try:
            await self.reach.hands.client.about()
        except ProbeFailure as failure:
            able = {"name": self.app} if failure.kind == "missing" else None
            hand = f"fly apps create {self.app}; a name that is taken by others: another in fly.app"
            return Seen(False, str(failure), able, by_hand=hand)
        return Seen(True, f"the app {self.app} is there")

    async def address(self, world: World | None) -> Seen:
        del world
        if "DATABASE_URL" in await known(self.reach.hands.client):
            return Seen(True, "DATABASE_URL is set")
        return Seen(False, "DATABASE_URL is not set", {})

    async def secrets(self, world: World | None) -> Seen:
        del world
        there = await known(self.reach.hands.client)
        wanted = names_in(await kept(self.places, self.reach.clock))
        if left := [name for name in wanted if name not in there]:
            hand = (
                "ainur-tui run secret-import api --param file=PATH --param stage=true: their values"
                " are in nothing but your own vault"
            )
            able, said = None, f"not set: {', '.join(left[:12])}"
            if self.environment.backup and self.environment.backup.vault:
                lacks = vault.lacking(await vault.asked(self.environment.backup.vault, left))
                if held_there := [name for name in left if name not in lacks]:
                    able = {"names": ",".join(held_there), "stage": "true"}
                said += "".join(f"; the vault lacks {name}: {why}" for name, why in lacks.items())
            return Seen(False, said, able, by_hand=hand)
        told = f"all {len(wanted)} names that were kept" if wanted else "none was kept to compare"
        return Seen(True, f"{len(there)} secrets are set: {told}")

    async def storage(self, world: World | None) -> Seen:
        del world
        for bucket, copy in self.copies:
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
        names = ", ".join(bucket.name for bucket, _ in self.copies)
        return Seen(True, f"{names}: nothing is only in its copy" if names else "no copy is known")

    async def machines(self, world: World | None) -> Seen:
        del world
        now = self.reach.clock.now()
        there = serving(await self.reach.hands.client.machines())
        apps = (await kept(self.places, self.reach.clock)).get("apps") or [{}]
        before = apps[0].get("machines") or []
        image = clean(before[0].get("image") or "IMAGE", 200) if before else "IMAGE"
        wanted = max(1, len(before))
        if not there:
            hand = f"fly deploy --app {self.app} --image {image}"
            return Seen(False, f"the app has no machine, it had {len(before)}", by_hand=hand)
        if len(there) < wanted:
            words = f"{len(there)} of {wanted} machines"
            return Seen(False, words, {"count": str(wanted)})
        if ill := [one.id for one in there if health(one, now).state == "down"]:
            hand = f"ainur-tui run restart api/machine/{ill[0]}, or look at its log"
            return Seen(False, f"{', '.join(ill[:3])} not healthy", by_hand=hand)
        return Seen(True, f"{len(there)} machines, {wanted} before")

    async def certificates(self, world: World | None) -> Seen:
        del world
        wanted = [
            clean(host, 100)
            for host in (await kept(self.places, self.reach.clock)).get("hostnames", [])
        ]
        rows = await self.reach.hands.client.certificates() if wanted else []
        there = {str(row.get("hostname")): row.get("configured") is True for row in rows}
        for host in wanted:
            if not there.get(host):
                hand = f"fly certs add {host} --app {self.app}, and its DNS to the app's addresses"
                return Seen(False, f"{host}: no certificate that is ready", by_hand=hand)
        return Seen(True, f"{len(wanted)} host names have theirs" if wanted else "none was kept")

    async def outside(self, world: World | None) -> Seen:
        del world
        hand = "DNS to the new app, at the registrar; then api.url of the configuration answers"
        if self.reach.edge is None:
            return Seen(False, "no api.url is configured", by_hand=hand)
        try:
            found = await self.reach.edge.health(None, EDGE_DEADLINE)
        except ProbeFailure as failure:
            return Seen(False, str(failure), by_hand=hand)
        words = f"GET /health from outside: {found.answer.status} {found.status}"
        well, told = found.well, []
        for host in resolvers.public_hosts(self.environment):
            said = await resolvers.heard(host, self.environment.resolvers)
            well = well and resolvers.disagreement(said) is None
            told.append(f"{clean(host, 80)} {resolvers.words(said)}")
        return Seen(well, "; ".join([words, *told]), by_hand=hand)

    async def workers(self, world: World | None) -> Seen:
        del world
        here = (await self.reach.where()).get(self.at.database, {})
        words = f"{sum(here.values())} sessions of {self.at.user} in {self.at.database}"
        hand = "give API and workers the new DATABASE_URL, and restart what does not connect"
        return Seen(bool(here), words, by_hand=hand)

    def up(self, target: str, hand: str) -> Look:
        """Whether the board shows a target as well; one that is not configured is none's loss."""

        async def look(world: World | None) -> Seen:
            found = world.board.target(target) if world else None
            if found is None:
                return Seen(True, f"no {target} is configured")
            return Seen(found.state in {"up", "degraded"}, f"{target}: {found.state}", by_hand=hand)

        return look

    async def opened(self, world: World | None) -> Seen:
        del world
        seen = await self.reach.outside.seen()
        if any(seen.values()):
            return Seen(False, "users see the maintenance page", {"mode": "off"})
        return Seen(True, "nobody sees the maintenance page")

    def _database_app(self) -> str:
        return (self.environment.fly.database_app if self.environment.fly else None) or "ainur-db"
