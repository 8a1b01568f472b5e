"""Apply a setting: ``ALTER SYSTEM`` and a reload, or a value that waits for the next restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from ainur_tui.model.action import ActionSpec, Param, Plan, Undo
from ainur_tui.model.failure import UNAVAILABLE, USAGE, Refused
from ainur_tui.model.text import clean, meant
from ainur_tui.model.units import size
from ainur_tui.systems.acting import AlreadySo, Observation, Step, StepContext, World
from ainur_tui.systems.postgres.actions.hands import Elevated
from ainur_tui.systems.postgres.actions.settingfiles import (
    FILES,
    OWN,
    SETTING,
    USE,
    rest_of,
    unapplied,
)
from ainur_tui.systems.postgres.actions.tuning import (
    CONSEQUENCES,
    GUIDE,
    ONLY,
    counted,
    wanted,
    words,
)

DEFAULT = "DEFAULT"
"""The value that takes ours back: what ``postgresql.conf`` or the server has holds again."""
_WAIT = 5.0
_SEEN_WITHIN = 15.0
_REACH = {
    "sighup": "the whole server at once",
    "backend": "sessions that begin after the reload",
    "superuser-backend": "sessions that begin after the reload",
}


class ApplySetting(Elevated):
    """One setting out of those that cannot lose data."""

    spec = ActionSpec(
        name="settings-apply",
        targets=["db"],
        risk="R3",
        summary="Change a setting of the server for good (R3 where it takes a restart)",
        params=[
            Param(name="name", type="str", help="which setting, as work_mem", required=True),
            Param(
                name="value", type="str", required=True,
                help=f"its value, as 16MB; {DEFAULT} takes ours back",
            ),
        ],
    )  # fmt: skip
    verify_within = 30.0

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        name, value = _given(params)
        async with self.hands.reading() as connection:
            blocked = await self.hands.hindrance(connection)
            found = await connection.fetch(SETTING, name)
            if not found:
                raise Refused(f"this server has no setting {name}", USAGE)
            row = dict(found[0])
            if not row["super"]:
                raise Refused(f"{self.shown.text(row['me'])} is no superuser: ALTER SYSTEM and "
                              "pg_file_settings are theirs alone", UNAVAILABLE)  # fmt: skip
            files = await connection.fetch(FILES)
            use = dict((await connection.fetch(USE))[0])
            own = [self.shown.text(r["whose"], 140) for r in await connection.fetch(OWN, name)]
        former = next((f["setting"] for f in reversed(files) if f["auto"] and f["name"] == name),
                      None)  # fmt: skip
        restart = row["context"] == "postmaster"
        new = _checked(name, value, row, former, use)
        after = words(value, row) if value != DEFAULT else rest_of(name, row, files)
        title = f"Set {name} to {after}" if value != DEFAULT else f"Take back our {name}"
        if row["source"] == "command line":
            blocked = f"{name} is given on the server's command line, which wins: change it there"
        broken = [f for f in files if f["error"] and f["context"] != "postmaster"]
        if broken and not restart:
            one = broken[0]
            blocked = f"{one['file']}:{one['sourceline']} has an error, so a reload applies nothing"
        waits = "; an earlier change of it waits for a restart" if row["pending_restart"] else ""
        back = DEFAULT if former is None else former
        plan = self.draft(
            target, {"name": name, "value": value},
            title=title + (" at the next restart" if restart else ""),
            steps=[
                f"ALTER SYSTEM {'RESET' if value == DEFAULT else 'SET'} {name}:"
                f" {words(row['setting'], row)} → {after}",
                f"reload the settings{'; this one waits for a restart' if restart else ''}",
            ],
            before={"setting": row["setting"], "in our file": former,
                    "waits": row["pending_restart"]},
            goal={"about": name, "new": new, "restart": restart},
            facts=[
                self.shown.text(row["short_desc"], 200) + waits,
                "takes a restart, not a reload" if restart
                else "takes a reload, no restart; holds for "
                + _REACH.get(row["context"], "every session at once, but where one set its own"),
                f"{'in' if name in GUIDE else 'not in'} the guide's section on tuning",
                *_memory(name, new, use),
            ],
            warnings=_warnings(name, own, files, restart=restart), blocked=blocked,
            way_back=None if name in ONLY else f"settings-apply db name={name} value={back}",
        )  # fmt: skip
        undo = None
        if name not in ONLY:
            undo = Undo(action="settings-apply", target="db", params={"name": name, "value": back})
        return replace(plan, risk="R3" if restart else "R2", undo=undo)

    def steps(self, plan: Plan) -> list[Step]:
        name, value = plan.params["name"], plan.params["value"]

        async def alter(step: StepContext) -> str:
            # The name is one of ours, letter by letter; the value is quoted for any setting of
            # standard_conforming_strings, which is on in a session of its own.
            sql = f"ALTER SYSTEM SET {name} = {_literal(value)}"
            if value == DEFAULT:
                sql = f"ALTER SYSTEM RESET {name}"
            await self.hands.act(sql, step, _WAIT)
            return "written to postgresql.auto.conf"

        async def reload(step: StepContext) -> str:
            await self.hands.act("SELECT pg_reload_conf()", step, _WAIT)

            async def there() -> str | None:
                seen = await self.observe(plan)
                step.progress(seen.by)
                return seen.by if seen.state == "verified" else None

            return await step.until(there, _SEEN_WITHIN)

        return [Step(plan.steps[0], alter, limit=60.0), Step(plan.steps[1], reload, limit=60.0)]

    async def observe(self, plan: Plan) -> Observation:
        name, new, restart = plan.params["name"], plan.goal["new"], plan.goal["restart"]
        async with self.hands.reading() as connection:
            row = dict((await connection.fetch(SETTING, name))[0])
            files = [f for f in await connection.fetch(FILES) if f["name"] == name]
        auto = next((f for f in reversed(files) if f["auto"]), None)
        if new is None:
            # What the files give then is nobody's promise: that ours is gone is what was asked.
            done = auto is None and (restart or not row["ours"])
        else:
            kept = auto is not None and counted(auto["setting"], row) == new
            overruled = row["source"] not in {"configuration file", "default"}
            done = kept and (restart or overruled or counted(row["setting"], row) == new)
        told = f"{name} is {words(row['setting'], row)}"
        if auto is not None:
            told += f", {self.shown.text(auto['setting'])} in postgresql.auto.conf"
        if row["pending_restart"]:
            told += ", waits for a restart"
        return Observation(
            "verified" if done else "failed", f"{told} (pg_settings, pg_file_settings)"
        )


def _warnings(name: str, own: list[str], files: list[Any], *, restart: bool) -> list[str]:
    told = [f"{name}: {CONSEQUENCES[name]}"]
    if own:
        told.append(f"{', '.join(own)}: a value of its own, which wins there")
    if not restart and (others := unapplied(name, files)):
        told.append(f"the reload also applies what else the files hold: {others}")
    if restart:
        told.append("it holds from the next restart on (restart db), which fails with a value the"
                    " server cannot start with")  # fmt: skip
    return told


def _given(params: Mapping[str, str]) -> tuple[str, str]:
    name, value = params.get("name", "").strip().lower(), params.get("value", "").strip()
    if not name or not value:
        raise Refused(f"settings-apply needs name=SETTING and value=VALUE (or {DEFAULT})", USAGE)
    if name not in CONSEQUENCES:
        raise Refused(f"{clean(name, 60)} is not changed from here: it is none of the tuning"
                      f" settings{meant(name, CONSEQUENCES)}", USAGE)  # fmt: skip
    if len(value) > 200 or not value.isprintable():
        raise Refused("value is at most 200 printable characters", USAGE)
    return name, DEFAULT if value.upper() == DEFAULT else value


def _checked(
    name: str, value: str, row: Mapping[str, Any], former: str | None, use: Mapping[str, Any]
) -> str | float | None:
    """The value as the server counts it, ``None`` for its default. Raises Refused, AlreadySo."""
    if name in ONLY and value.lower() != ONLY[name]:
        raise Refused(f"{name} is only ever set to {ONLY[name]} from here: any other value can"
                      " lose data or stop the server", USAGE)  # fmt: skip
    if value == DEFAULT:
        if former is None:
            raise AlreadySo(f"{name} is not set by ALTER SYSTEM: there is nothing to take back")
        return None
    new = counted(value, row)
    if new is None:
        raise Refused(f"{name} takes {wanted(row)}", USAGE)
    if name == "max_connections" and float(new) <= use["reserved"]:
        raise Refused(f"{use['reserved']} connections are reserved: the server would not start",
                      USAGE)  # fmt: skip
    if former is not None and counted(former, row) == new and (
        row["pending_restart"] or counted(row["setting"], row) == new
    ):  # fmt: skip
        waits = ", and waits for a restart" if row["pending_restart"] else ""
        raise AlreadySo(f"{name} is {words(row['setting'], row)} by ALTER SYSTEM already{waits}")
    return new


def _memory(name: str, new: str | float | None, use: Mapping[str, Any]) -> list[str]:
    """What a number of connections, or memory for each, comes to."""
    if name == "max_connections" and isinstance(new, float):
        return [f"{use['used']} sessions now, {use['reserved']} of {new:.0f} would be reserved"]
    if name == "work_mem" and isinstance(new, float):
        most = size(new * 1024 * use["most"])
        return [f"{use['most']} connections, one sort each: {most} at most at once"]
    return []


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
