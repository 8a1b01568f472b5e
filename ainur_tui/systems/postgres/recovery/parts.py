"""What is done to the two databases of a cut-over besides the restore: the new one is made like
the old one, and the old one is kept from changing. Neither is ever dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from ainur_tui.model.action import ActionSpec, Plan
from ainur_tui.model.failure import UNAVAILABLE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.model.units import many
from ainur_tui.systems.acting import Action, AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.postgres.backup.server import Server
from ainur_tui.systems.postgres.backup.worded import worded
from ainur_tui.systems.postgres.client import APPLICATION

_OWNS = """
SELECT pg_has_role(current_user, d.datdba, 'USAGE')
       OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
  FROM pg_database AS d WHERE d.datname = $1
"""
_READ_ONLY = """
SELECT coalesce(bool_or('default_transaction_read_only=on' = ANY(s.setconfig)), false)
  FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
 WHERE d.datname = $1 AND s.setrole = 0
"""
_END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = $1 AND usename = $2 AND pid <> pg_backend_pid() AND application_name <> $3
"""
_FREEZE = "ALTER DATABASE %I SET default_transaction_read_only = on"
_THAW = "ALTER DATABASE %I RESET default_transaction_read_only"

_LISTS = "'search_path', 'temp_tablespaces', 'session_preload_libraries', 'local_preload_libraries'"
"""Settings whose stored values are quoted already."""
_ALIKE = f"""
WITH old AS (SELECT oid, datdba, datacl FROM pg_database WHERE datname = $1)
SELECT 1 AS place, format('ALTER DATABASE %I OWNER TO %I', $2::text, pg_get_userbyid(datdba)) AS sql
  FROM old
UNION ALL
SELECT 2, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2::text) FROM old
 WHERE datacl IS NOT NULL
UNION ALL
SELECT 3, format('GRANT %s ON DATABASE %I TO %s', a.privilege_type, $2::text,
                 CASE a.grantee WHEN 0 THEN 'PUBLIC'
                      ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
  FROM old, LATERAL aclexplode(datacl) AS a
UNION ALL
SELECT 4, format('ALTER %s SET %I TO %s',
                 CASE s.setrole WHEN 0 THEN format('DATABASE %I', $2::text)
                      ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), $2::text)
                 END,
                 split_part(c, '=', 1),
                 CASE WHEN split_part(c, '=', 1) IN ({_LISTS}) THEN substr(c, strpos(c, '=') + 1)
                      ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END)
  FROM old JOIN pg_db_role_setting AS s ON s.setdatabase = old.oid, unnest(s.setconfig) AS c
 WHERE c NOT LIKE 'default_transaction_read_only=%'
 ORDER BY place
"""  # noqa: S608 – nothing from outside is in it; the server quotes the names
_OWNER = """
SELECT (SELECT datdba FROM pg_database WHERE datname = $1)
     = (SELECT datdba FROM pg_database WHERE datname = $2)
"""
Moved = tuple[str, str]
"""The database that is left, and the one that is used from now on."""


class _Part(Action):
    """A part of a cut-over, with the parameters ``from`` and ``into``."""

    title: str

    def __init__(self, server: Server, user: str) -> None:
        self.server = server
        self.user = user

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        old, new = params["from"], params["into"]
        await self.possible(old, new)
        return Plan(
            action=self.spec.name, target=target, risk=self.spec.risk, params=params,
            steps=[self.title.format(old=clean(old, 63), new=clean(new, 63), user=self.user)],
            affects=[], goal={"from": old, "into": new},
            expected_seconds=1.0, title=self.spec.summary,
        )  # fmt: skip

    async def possible(self, old: str, new: str) -> None:
        """Raises ``Refused`` where our role may not, ``AlreadySo`` where nothing is to do."""
        raise NotImplementedError

    async def work(self, moved: Moved, step: StepContext) -> str:
        raise NotImplementedError

    def steps(self, plan: Plan) -> list[Step]:
        work: Callable[[StepContext], Awaitable[str]] = partial(self.work, _moved(plan))
        return [Step(plan.steps[0], worded(work))]

    async def owns(self, name: str) -> None:
        """Raises ``Refused`` where our role may not alter that database."""
        async with self.server.session() as connection:
            if not await connection.fetchval(_OWNS, name):
                who = clean(self.server.address.user, 63)
                raise Refused(f"{who} (backup.admin) does not own {clean(name, 63)}", UNAVAILABLE)


class Alike(_Part):
    """Owner, grants and settings of a database are in no dump of it."""

    spec = ActionSpec(name="alike", targets=["db"], risk="R1", summary="as the old database is")
    title = "owner, grants and settings of {old} for {new}"

    async def possible(self, old: str, new: str) -> None:
        await self.owns(old)

    async def work(self, moved: Moved, step: StepContext) -> str:
        async with self.server.session() as connection:
            rows = await connection.fetch(_ALIKE, *moved)
            if not rows:
                raise ActionFailure(f"there is no database {clean(moved[0], 63)} any more")
            async with connection.transaction():
                for row in rows:
                    await connection.execute(row["sql"])
        return f"{many(len(rows), 'statement')}: " + ", ".join(
            f"{sum(row['place'] == place for row in rows)} {what}"
            for place, what in ((1, "owner"), (3, "grants"), (4, "settings"))
        )

    async def observe(self, plan: Plan) -> Observation:
        async with self.server.session() as connection:
            same = await connection.fetchval(_OWNER, *_moved(plan))
        return Observation("verified" if same else "failed", "the owners of both databases")


class Freeze(_Part):
    """From here on the old database takes no writes, so that none is lost between the counts and
    the cut-over; the one that is used from now on takes them."""

    spec = ActionSpec(name="freeze", targets=["db"], risk="R2", summary="the old takes no writes")
    title = "{old} read-only for new sessions, those of {user} end; {new} takes writes"

    async def possible(self, old: str, new: str) -> None:
        await self.owns(old)
        async with self.server.session() as connection:
            frozen = await connection.fetchval(_READ_ONLY, old)
            if frozen and not await connection.fetchval(_READ_ONLY, new):
                raise AlreadySo(f"{clean(old, 63)} is read-only already")

    async def work(self, moved: Moved, step: StepContext) -> str:
        async with self.server.session() as connection:
            for sql, name in ((_FREEZE, moved[0]), (_THAW, moved[1])):
                statement = await connection.fetchval(f"SELECT format('{sql}', $1::text)", name)
                await connection.execute(statement)
        return f"read-only by default; {await self._end(moved[0])}"

    async def _end(self, database: str) -> str:
        """The sessions that may go on writing end, where our role may end them."""
        try:
            async with self.server.session() as connection:
                ended = await connection.fetchval(_END, database, self.user, APPLICATION)
        except ProbeFailure as failure:
            return f"sessions there could not be ended: {failure}"
        return f"{ended} sessions of {self.user} ended"

    async def observe(self, plan: Plan) -> Observation:
        old, new = _moved(plan)
        async with self.server.session() as connection:
            frozen = await connection.fetchval(_READ_ONLY, old)
            writes = not await connection.fetchval(_READ_ONLY, new)
        right = frozen and writes
        return Observation(
            "verified" if right else "failed", f"{old} is {'read-only' if frozen else 'writable'}"
        )


def _moved(plan: Plan) -> Moved:
    return str(plan.goal["from"]), str(plan.goal["into"])
