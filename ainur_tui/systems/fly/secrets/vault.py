"""The vault: where the values of the app's secrets are kept, for the platform never gives one back
(G-142). Whether it has each name is told; a value only goes from it to the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from ainur_tui.config.secrets import describe, resolve
from ainur_tui.config.types import Environment, SecretMissing, Vault
from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import StepContext, World
from ainur_tui.systems.base import Context
from ainur_tui.systems.examined import Examined
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.recovery.keptnames import kept_names
from ainur_tui.systems.fly.secrets.file import MOST
from ainur_tui.systems.fly.secrets.rows import NAME, known
from ainur_tui.systems.fly.secrets.secrets import KEPT, STAGE
from ainur_tui.systems.fly.secrets.settings import Setting, Values

ADDRESS = "DATABASE_URL"
_AT_ONCE = 4
"""Names asked for at the same time: a command may have an agent of its own to ask."""


async def asked(vault: Vault, names: Iterable[str]) -> dict[str, Secret | str]:
    """What the vault has of each name: its value, or the sentence why not. Names that no
    environment variable could have are not handed to it."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str) -> Secret | str:
        if not NAME.fullmatch(name):
            return "that is no name of a secret"
        async with turns:
            try:
                return await asyncio.to_thread(resolve, vault.of(name))
            except SecretMissing as missing:
                return str(missing)

    wanted = list(dict.fromkeys(names))
    found = await asyncio.gather(*(one(name) for name in wanted))
    return dict(zip(wanted, found, strict=True))


def lacking(found: dict[str, Secret | str]) -> dict[str, str]:
    """The names that it has no value of, and why."""
    return {name: said for name, said in found.items() if isinstance(said, str)}


async def examine(environment: Environment, context: Context) -> list[Examined]:
    """For ``doctor`` and ``recover loss``: whether each name that is kept beside the backups has
    its value in the vault. The address of the database comes from ``backup.application``."""
    backup = environment.backup
    if backup is None:
        return []
    try:
        names = await kept_names(environment, context)
    except ProbeFailure as failure:
        return [Examined("vault", "note", f"the kept names cannot be read: {failure}")]
    names = [name for name in names if name != ADDRESS or backup.application is None]
    if backup.vault is None:
        many = f"the values of {len(names)} secrets are" if names else "values of secrets are"
        return [Examined("vault", "note", f"{many} in nothing that is known here: backup.vault")]
    if not names:
        words = "no names are kept beside a backup yet: ainur-tui run config-backup api"
        return [Examined("vault", "note", words)]
    found = await asked(backup.vault, names)
    where = describe(backup.vault.of("{name}"))
    lacks = lacking(found)
    has = Examined("vault", "ok" if not lacks else "warn",
                   f"{len(found) - len(lacks)} of {len(found)} secrets have their value in"
                   f" {where}")  # fmt: skip
    return [has, *(Examined(clean(name, 60), "warn", why) for name, why in lacks.items())]


class SecretRestore(Setting):
    """Secrets that are named, from the vault to the platform; what it lacks is told before."""

    spec = ActionSpec(
        name="secret-restore",
        targets=["api"],
        risk="R2",
        summary="Set secrets to the values that the vault has of them",
        params=[
            Param(name="names", type="str", help="which, by commas", required=True),
            STAGE,
        ],
    )

    def __init__(self, hands: Hands, vault: Vault | None) -> None:
        super().__init__(hands)
        self._vault = vault

    def unavailable(self) -> str | None:
        if why := super().unavailable():
            return why
        lacks = "give backup.vault, where the values of the app's secrets are kept"
        return lacks if self._vault is None else None

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        names = [name.strip() for name in params.get("names", "").split(",") if name.strip()]
        if not 0 < len(names) <= MOST:
            raise Refused("secret-restore needs names=NAME,NAME", USAGE)
        if self._vault is None or self.unavailable():
            raise Refused(self.unavailable() or "", UNAVAILABLE)
        lacks = lacking(await asked(self._vault, names))
        there = [name for name in dict.fromkeys(names) if name not in lacks]
        told = [f"{clean(name, 60)} is left out: {why}" for name, why in lacks.items()]
        if not there:
            raise Refused(f"the vault has none of them. {'; '.join(told[:3])}", UNAVAILABLE)
        rows = await known(self.hands.client)
        return await self.draft_values(
            target, params, world, names=there, rows=rows,
            title=f"Set {len(there)} secrets from the vault",
            facts=[f"read from {describe(self._vault.of('{name}'))}, never shown"],
            warnings=[*told, *([KEPT] if set(there) & set(rows) else [])],
        )  # fmt: skip

    async def values(self, plan: Plan, _: StepContext) -> Values:
        names: Sequence[str] = plan.goal["names"]
        found = await asked(self._vault, names) if self._vault is not None else {}
        values = {name: value for name, value in found.items() if isinstance(value, Secret)}
        if len(values) < len(names):
            raise ActionFailure("the vault does not have all of them any more; plan it again")
        return dict(values)
