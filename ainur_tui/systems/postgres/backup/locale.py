"""How a database keeps and sorts its text, and how that of two differs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ainur_tui.model.text import clean

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_LOCALE = """
SELECT pg_encoding_to_char(encoding) AS encoding, to_jsonb(d)::text AS row
  FROM pg_database AS d WHERE datname = current_database()
"""
"""As JSON: which columns there are depends on the major version."""
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
_LIKE = """
SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
              $1::text, $2::text, $3::text, $4::text)
"""
Locale = Mapping[str, str]
"""``encoding``, ``collate``, ``ctype``, ``provider`` and, where there is one, ``locale`` and the
``version`` of its collation."""


async def locale_of(connection: Connection[Record]) -> dict[str, str]:
    """The locale of the database it is connected to."""
    found = await connection.fetchrow(_LOCALE)
    if found is None:
        return {}
    row = json.loads(found["row"])
    told = {
        "encoding": found["encoding"],
        "collate": row.get("datcollate"),
        "ctype": row.get("datctype"),
        "provider": _PROVIDERS.get(str(row.get("datlocprovider")), "libc"),
        "locale": row.get("datlocale") or row.get("daticulocale"),
        "version": row.get("datcollversion"),
    }
    return {name: clean(value, 80) for name, value in told.items() if value}


async def creation(connection: Connection[Record], name: str, like: Locale) -> str | None:
    """The statement that makes a database of that locale, ``None`` where it is not known or not of
    the C library (other providers are named otherwise in each major version)."""
    wanted = [like.get(key, "") for key in ("encoding", "collate", "ctype")]
    if not all(wanted) or like.get("provider", "libc") != "libc":
        return None
    return str(await connection.fetchval(_LIKE, name, *wanted))


def differences(was: Locale, now: Locale) -> list[str]:
    """What is not as it was, in words; nothing where either is not known."""
    if not was or not now:
        return []
    return [
        f"{name} is {_shown(now, name)}, was {_shown(was, name)}{_MEANS.get(name, '')}"
        for name in ("encoding", "provider", "collate", "ctype", "locale", "version")
        if was.get(name) != now.get(name)
    ]


def _shown(locale: Locale, name: str) -> str:
    return clean(locale.get(name, "not set"), 60)


_MEANS = {
    "encoding": ": text may not be stored alike",
    "collate": ": text sorts and compares otherwise",
    "version": ": text may sort otherwise",
}
