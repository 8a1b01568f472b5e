"""Looks at the database on the way back from nothing: each says whether a stage is done, and what
does it where it is not. Nothing is changed here."""

from __future__ import annotations

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import World
from ainur_tui.systems.fly.recovery.ground import Ground
from ainur_tui.systems.fly.recovery.rebuild import Seen
from ainur_tui.systems.postgres.dsn import parse
from ainur_tui.systems.postgres.recovery.roles import emptied, held, lacking, missing


class DatabaseLooks:
    """In the order of the stages."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def server(self, world: World | None) -> Seen:
        where = self._ground.reach.server.address
        hand = (
            f"fly postgres create --name {self._ground.database_app}-recovery (size and region: in"
            " the configuration beside the backup), then give backup.admin the DSN of a role there"
            " that may make roles and databases, to the database postgres"
        )
        try:
            major = await self._ground.reach.server.major()
        except ProbeFailure as failure:
            return Seen(False, str(failure), by_hand=hand)
        return Seen(True, f"PostgreSQL {major} answers at {where.shown}")

    async def roles(self, world: World | None) -> Seen:
        best = await self._ground.best()
        wanted = [*(best.row["roles"] or () if best else ()), self._ground.at.user,
                  parse(self._ground.monitor).user]  # fmt: skip
        left = await missing(self._ground.reach.server, list(dict.fromkeys(wanted)))
        said = clean(", ".join(left), 200)
        params = {"names": "\n".join(left)}
        return Seen(False, f"not there: {said}", params) if left else Seen(True, "all are there")

    async def restored(self, world: World | None) -> Seen:
        best, name = await self._ground.best(), self._ground.at.database
        if best is None:
            return Seen(False, "no backup can be restored and compared", by_hand=(
                "an archive of the guide's script goes in by gunzip -c FILE | psql -v"
                " ON_ERROR_STOP=1, into a new database; a backup that is not proven: backup verify"
            ))  # fmt: skip
        rows = await held(self._ground.reach.server, name)
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
        lacks = await lacking(self._ground.application, self._ground.redact, self._ground.timeout)
        if lacks:
            return Seen(False, f"{self._ground.at.user} may not use {lacks} tables", {})
        return Seen(True, f"{self._ground.at.user} logs in, and may use every table")

    async def watched(self, world: World | None) -> Seen:
        try:
            await lacking(self._ground.monitor, self._ground.redact, self._ground.timeout)
        except ProbeFailure as failure:
            hand = "point postgres.dsn there; ainur-tui run monitor-role db makes or mends its role"
            return Seen(False, str(failure), by_hand=hand)
        return Seen(True, f"{parse(self._ground.monitor).shown} can be read")

    async def workers(self, world: World | None) -> Seen:
        at = self._ground.at
        here = (await self._ground.reach.where()).get(at.database, {})
        words = f"{sum(here.values())} sessions of {at.user} in {at.database}"
        hand = "give API and workers the new DATABASE_URL, and restart what does not connect"
        return Seen(bool(here), words, by_hand=hand)
