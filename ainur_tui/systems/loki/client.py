"""Loki's ``query_range``: entries of streams in a span of time.

https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-within-a-range-of-time
"""

from __future__ import annotations

from operator import attrgetter

import msgspec

from ainur_tui.config.types import Loki
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.alertjudge import authorization
from ainur_tui.systems.base import Clock
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.httpfailures import HttpFailure

LIMIT = 5000
"""Entries asked for at once: what a Loki gives at most, unless it is told otherwise."""
_LEAST = 50
"""Entries below which it is not asked for fewer: then something else is wrong."""
_TOO_MANY = "max entries limit"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of one stream. ``ns`` is nanoseconds since the epoch; ``labels`` are the stream's,
    and with them the entry's own (structured metadata)."""

    ns: int
    text: str
    labels: dict[str, str]

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What tells entries of one nanosecond apart; a Loki keeps two that are alike once."""
        return self.text, tuple(sorted(self.labels.items()))


class _Value(msgspec.Struct, array_like=True):
    ns: str
    text: str
    metadata: dict[str, object] = {}


class _Stream(msgspec.Struct):
    values: list[_Value]
    stream: dict[str, str] = {}


class _Data(msgspec.Struct, rename="camel"):
    result_type: str
    result: msgspec.Raw


class _Answer(msgspec.Struct):
    data: _Data


class Page(msgspec.Struct, frozen=True):
    """Entries, oldest first, of which ``limit`` were asked for."""

    entries: list[Entry]
    limit: int

    @property
    def full(self) -> bool:
        """Whether there may be more in the span."""
        return len(self.entries) >= self.limit


class LokiClient:
    """Asks one Loki. A page that is too large for it or for us is asked for in smaller ones."""

    def __init__(self, loki: Loki, token: Secret | None, *, clock: Clock, redact: Redactor) -> None:
        headers: dict[str, str | Secret] = {}
        if token is not None:
            headers["authorization"] = authorization(loki.user, token)
        if loki.tenant is not None:
            headers["x-scope-orgid"] = loki.tenant
        self._http = HttpClient(
            loki.url, clock=clock, redact=redact, headers=headers, deadline=loki.timeout
        )
        self._limit = LIMIT

    async def entries(self, query: str, start: int, end: int, *, newest: int | None = None) -> Page:
        """The first entries from ``start`` to before ``end`` (nanoseconds), as many as a page
        holds; or the last ``newest`` of them. Raises :class:`ProbeFailure`."""
        while True:
            limit = min(newest or LIMIT, self._limit)
            asked = {
                "query": query, "start": str(start), "end": str(end), "limit": str(limit),
                "direction": "forward" if newest is None else "backward",
            }  # fmt: skip
            try:
                answer = await self._http.get("/loki/api/v1/query_range", params=asked)
            except ProbeFailure as failure:
                if limit > _LEAST and _too_many(failure):
                    self._limit = limit // 2
                    continue
                raise
            return Page(_entries(answer.body), limit)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.close()


def _too_many(failure: ProbeFailure) -> bool:
    if isinstance(failure, HttpFailure):
        return _TOO_MANY in failure.detail
    return failure.kind == "too large"


def _entries(body: bytes) -> list[Entry]:
    try:
        data = msgspec.json.decode(body, type=_Answer).data
        if data.result_type != "streams":
            raise ProbeFailure(
                "bad answer", f"the query gives {clean(data.result_type, 20)}, not log lines"
            )
        streams = msgspec.json.decode(data.result, type=list[_Stream])
        found = [
            Entry(int(value.ns), value.text, _labels(stream.stream, value.metadata))
            for stream in streams
            for value in stream.values
        ]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        words = type(error).__name__ if isinstance(error, RecursionError) else clean(error, 200)
        raise ProbeFailure("bad answer", f"bad JSON of log lines: {words}") from None
    found.sort(key=attrgetter("ns"))
    return found


def _labels(stream: dict[str, str], metadata: dict[str, object]) -> dict[str, str]:
    """The stream's labels with an entry's own, which are given plainly or by their kinds."""
    if not metadata:
        return stream
    found = dict(stream)
    for name, value in metadata.items():
        own = value if isinstance(value, dict) else {name: value}
        found.update((str(key), one) for key, one in own.items() if isinstance(one, str))
    return found
