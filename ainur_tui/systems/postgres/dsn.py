"""The address of a database, taken apart: for sentences, and for libpq's tools without argv."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean

_PLACEHOLDER = re.compile(
    r"your[-_ ]|strong[-_]password|<[^>]*>|//[^/]*@?example\.(com|org|net)", re.IGNORECASE
)
_LIBPQ = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


def is_placeholder(dsn: Secret) -> bool:
    """Whether the address is one of the guide's examples rather than a real one."""
    return _PLACEHOLDER.search(dsn.reveal()) is not None


@dataclass(frozen=True)
class Address:
    """Where the database is; the password goes to :meth:`libpq` and :attr:`password` only."""

    host: str
    port: str
    user: str
    database: str
    options: dict[str, str]
    _password: Secret

    @property
    def shown(self) -> str:
        """``host:port/database``, clean, for sentences."""
        return clean(f"{self.host}:{self.port}/{self.database}", 120)

    @property
    def password(self) -> Secret:
        """For a verifier only."""
        return self._password

    @contextmanager
    def libpq(self, folder: Path | None = None) -> Iterator[dict[str, str]]:
        """The environment variables that lead libpq's tools here.

        The password is in a file of mode 0600 that is removed when the block is left (S-12).
        """
        variables = {
            "PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user,
            "PGDATABASE": self.database, "PGAPPNAME": "ainur-tui", "PGCONNECT_TIMEOUT": "10",
        }  # fmt: skip
        variables |= {_LIBPQ[name]: value for name, value in self.options.items() if name in _LIBPQ}
        handle, name = tempfile.mkstemp(prefix="ainur-pgpass-", dir=folder)
        try:
            password = re.sub(r"([\\:])", r"\\\1", self._password.reveal())
            with os.fdopen(handle, "w") as file:
                file.write(f"*:*:*:*:{password}\n")
            yield variables | {"PGPASSFILE": name}
        finally:
            Path(name).unlink(missing_ok=True)


def parse(dsn: Secret) -> Address:
    """Take a ``postgresql://`` address apart.

    Raises :class:`~ainur_tui.model.failure.ProbeFailure` (``internal``) for anything else.
    """
    try:
        parts = urlsplit(dsn.reveal())
        hosts = [host for host in parts.netloc.rpartition("@")[2].split(",") if host]
        options = dict(parse_qsl(parts.query))
    except ValueError:
        parts, hosts, options = urlsplit(""), [], {}
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ProbeFailure("internal", "the dsn is not a postgresql:// address")
    named = [_host_and_port(host) for host in hosts]
    user = unquote(parts.netloc.rpartition("@")[0].partition(":")[0]) or options.get("user", "")
    password = unquote(parts.netloc.rpartition("@")[0].partition(":")[2])
    return Address(
        host=",".join(host for host, _ in named) or options.get("host", "localhost"),
        port=",".join(port for _, port in named) or options.get("port", "5432"),
        user=user or "postgres",
        database=unquote(parts.path.lstrip("/")) or options.get("dbname", "") or user or "postgres",
        options=options,
        _password=Secret(password or options.get("password", "")),
    )


def _host_and_port(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", text)
    if found is None:
        return unquote(text), "5432"
    return unquote(found[1].strip("[]")), found[2] or "5432"
