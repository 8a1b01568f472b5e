"""A bounded HTTP client: one total deadline a call, caps on size, no strange hosts (S-15, S-30).

httpx gives time-outs per read, which a trickling peer satisfies for ever; here one deadline covers
the whole call, and the connection of a call that ran out is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.model.text import clean
from ainur_tui.systems.answers import Answer
from ainur_tui.systems.base import Clock
from ainur_tui.systems.httpbody import BYTES, read_body
from ainur_tui.systems.httpfailures import (
    HttpFailure,
    connection_failure,
    retry_after,
    said,
    status_kind,
    timeout_failure,
)
from ainur_tui.systems.httptls import tls_context
from ainur_tui.systems.httpurls import check_path, peer_of, problem_with, redirected

if TYPE_CHECKING:
    import httpx

__all__ = ["ANEW", "Answer", "HttpClient"]

HOPS = 5
"""Most exchanges one call may take: redirects on the same host."""
ANEW = {"connection": "close"}
"""Headers of who comes now, and is met by the certificate and the address that are there now."""

_REDIRECTS = {301, 302, 303, 307, 308}
_OK = frozenset({200})
_PHASES = {
    "connection.connect_tcp.started": "connect",
    "connection.start_tls.started": "tls",
    "http11.send_request_headers.started": "answer",
    "http11.receive_response_headers.complete": "body",
}


@dataclass
class _Call:
    """One call and how far it got; the transport tells the phase through :meth:`trace`."""

    method: str
    path: str
    params: Mapping[str, str] | None
    headers: Mapping[str, str]
    content: bytes | None
    limit: int
    repeatable: bool
    phase: str = "connect"
    opened: bool = False
    received: int = 0
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"{self.method} {self.path or '/'}"

    async def trace(self, event: str, _: object) -> None:
        self.phase = _PHASES.get(event, self.phase)
        self.opened = self.opened or event == "connection.connect_tcp.started"

    def count(self, received: int) -> None:
        self.received = received


class HttpClient:
    """Calls to one host. Failures are :class:`ProbeFailure`; an unexpected status is its subclass
    :class:`~ainur_tui.systems.httpfailures.HttpFailure`.

    ``deadline`` is the total of one call in seconds. ``headers`` may hold secrets; they go to
    ``base``'s host alone, and never over plain http except to this machine or a private network.
    ``ca_file`` pins the authority that must have signed; verification is never off.
    """

    def __init__(
        self,
        base: str,
        *,
        clock: Clock,
        redact: Redactor | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        deadline: float = 10.0,
        ca_file: Path | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._clock = clock
        self._redact = redact or Redactor()
        self._headers = dict(headers or {})
        self._deadline = deadline
        self._ca_file = ca_file
        secret = any(isinstance(value, Secret) for value in self._headers.values())
        self._problem = problem_with(base, credentials=secret)
        self._client: httpx.AsyncClient | None = None
        self._quiet_until = 0.0
        self.peer = peer_of(base)

    async def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = _OK,
        deadline: float | None = None,
        limit: int = BYTES,
    ) -> Answer:
        """Read ``path``. Repeated once only when a kept connection turned out to be dead."""
        pause = self._quiet_until - self._clock.monotonic()
        if pause > 0:
            raise ProbeFailure("rate limited", f"{self.peer} asked for a pause", retry_after=pause)
        call = _Call("GET", path, params, headers or {}, None, limit, repeatable=True)
        return await self._bounded(call, expect, deadline)

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expect: Collection[int] = _OK,
        deadline: float | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """Send a call that may change something: never repeated, no redirect followed.

        ``repeatable`` says that it only reads (a JSON-RPC query).
        """
        content = None if json is None else msgspec.json.encode(json)
        call = _Call(method, path, params, headers or {}, content, BYTES, repeatable)
        return await self._bounded(call, expect, deadline)

    async def close(self) -> None:
        """Close the pool; the next call opens a new one."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _bounded(
        self, call: _Call, expect: Collection[int], deadline: float | None
    ) -> Answer:
        if self._problem is not None:
            raise ProbeFailure("internal", self._problem)
        check_path(call.path)
        within = self._deadline if deadline is None else deadline
        self._pool()  # the driver's import must not count as the peer's time
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(within):
                answer = await self._hops(call)
        except TimeoutError:
            raise timeout_failure(call.phase, call.name, self.peer, within, call.received) from None
        answer = replace(answer, seconds=self._clock.monotonic() - began)
        if answer.status not in expect:
            raise self._unexpected(answer, call)
        return answer

    async def _hops(self, call: _Call) -> Answer:
        """The call with the redirects that may be followed: same host, no way down from https."""
        import httpx

        url = self._base + call.path
        if call.params:
            url = str(httpx.URL(url, params=dict(call.params)))
        for _ in range(HOPS):
            call.opened = False
            try:
                answer = await self._exchange(call, url)
            except httpx.TransportError as error:
                if not call.repeatable or call.opened:
                    raise connection_failure(error, self.peer) from None
                call.repeatable = False
                continue
            except (httpx.InvalidURL, httpx.DecodingError, httpx.StreamError) as error:
                raise ProbeFailure("bad answer", type(error).__name__) from None
            where = answer.headers.get("location")
            if call.method != "GET" or answer.status not in _REDIRECTS or not where:
                return answer
            url = redirected(url, where)
        raise ProbeFailure("bad answer", f"more than {HOPS} redirects one after the other")

    async def _exchange(self, call: _Call, url: str) -> Answer:
        sent = {k: v.reveal() if isinstance(v, Secret) else v for k, v in self._headers.items()}
        if call.content is not None:
            sent["content-type"] = "application/json"
        sent.update(call.headers)
        async with self._pool().stream(
            call.method,
            url,
            headers=sent,
            content=call.content,
            extensions={"trace": call.trace},
        ) as response:
            announced = response.headers.get("content-length", "")
            body = await read_body(
                response.aiter_raw(),
                response.headers.get("content-encoding", "").strip().lower(),
                announced=int(announced) if announced.isdecimal() else None,
                limit=call.limit,
                received=call.count,
            )
            return Answer(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=body,
                seconds=0.0,
                at=self._clock.now(),
            )

    def _unexpected(self, answer: Answer, call: _Call) -> HttpFailure:
        kind = status_kind(answer.status)
        pause = retry_after(answer.headers.get("retry-after"), self._clock.now())
        if kind == "rate limited" and pause:
            self._quiet_until = self._clock.monotonic() + pause
        words = self._redact(said(answer.body))
        request = answer.headers.get("fly-request-id")
        trail = f" (fly-request-id {clean(request, 60)})" if request else ""
        detail = f"{answer.status} to {call.name}{': ' if words else ''}{words}{trail}"
        return HttpFailure(kind, detail, answer.status, retry_after=pause)

    def _pool(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(
                verify=tls_context(self._ca_file),
                timeout=None,  # noqa: S113 - the total deadline of the call covers every phase
                follow_redirects=False,
                trust_env=False,
                headers={"accept-encoding": "gzip", "user-agent": "ainur-tui"},
                limits=httpx.Limits(max_connections=16, max_keepalive_connections=8),
            )
        return self._client
