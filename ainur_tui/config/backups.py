"""Backups: where they go, when, how long they stay."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ainur_tui.config.common import SecretRef, SecretSource

_MOMENT = r"^((mon|tue|wed|thu|fri|sat|sun) )?([01]\d|2[0-3]):[0-5]\d$"


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an engine that stays takes and proves backups. Moments are UTC: ``01:00`` daily,
    ``sat 04:30`` weekly, both beside the guide's maintenance window (Sunday 02:00 to 06:00)."""

    backup: Annotated[str, Meta(pattern=_MOMENT, description="when one is taken")] = "01:00"
    verify: Annotated[
        Annotated[str, Meta(pattern=_MOMENT)] | None,
        Meta(description="when the newest is restored and counted; none: never"),
    ] = "sat 04:30"
    prune: Annotated[bool, Meta(description="prune after each backup that was verified")] = False


class Vault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where values of secrets are, name by name: exactly one of ``env``, ``file``, ``command``, in
    which ``{name}`` stands for the secret's name."""

    env: str | None = None
    file: str | None = None
    command: list[str] | None = None

    def of(self, name: str) -> SecretRef:
        """Where the value of one secret is."""

        def named(text: str | None) -> str | None:
            return text.replace("{name}", name) if text is not None else None

        command = [word.replace("{name}", name) for word in self.command or []]
        return SecretRef(env=named(self.env), file=named(self.file), command=command or None)


class Backup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where database backups go. At least one of ``directory`` and ``bucket``."""

    directory: str | None = "/backups/ainur"
    bucket: str | None = None
    prefix: str = "database/"
    scratch: Annotated[
        SecretSource | None,
        Meta(description="DSN of a server where `backup verify` may create and drop a database"),
    ] = None
    admin: Annotated[
        SecretSource | None,
        Meta(
            description="DSN of a role that may create databases for `backup restore`; "
            "none: admin of the postgres section, else its dsn"
        ),
    ] = None
    application: Annotated[
        SecretSource | None,
        Meta(
            description="DSN that the API uses, the value of its secret DATABASE_URL, for `recover`"
            " and the way back: the platform does not tell it"
        ),
    ] = None
    recipients: Annotated[
        list[str],
        Meta(
            description="age public keys (age1…) that every backup is encrypted to; none: it is not"
        ),
    ] = []
    identity: Annotated[
        SecretSource | None,
        Meta(
            description="the age identity (AGE-SECRET-KEY-…) that opens them, for verify and "
            "restore only: create never needs it"
        ),
    ] = None
    vault: Annotated[
        Vault | None,
        Meta(
            description="where the values of the app's secrets are kept, {name} in it the name of "
            "each: `doctor` sees whether it has them, secret-restore sets them; none: nowhere"
        ),
    ] = None
    schedule: Annotated[
        Schedule | None, Meta(description="when they are taken by themselves; none: never")
    ] = None
    keep_days: Annotated[int, Meta(description="days a backup is kept at least", ge=1)] = 30
    keep_count: Annotated[int, Meta(description="newest backups always kept", ge=1)] = 7
