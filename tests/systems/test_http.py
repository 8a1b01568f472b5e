"""The HTTP client against peers that behave badly (S-15, S-21, S-30; F-02 to F-21)."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from pathlib import Path

import pytest

from ainur_tui.demo.tls import Signer, pem
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.http import HttpClient
from ainur_tui.systems.httpbody import BYTES
from ainur_tui.systems.httpfailures import HttpFailure, retry_after, said
from ainur_tui.systems.httpurls import problem_with, segment
from tests.systems.web import RealClock, answer_with, raw_server

DEADLINE = 0.4
PATIENCE = 30.0  # for peers that answer: a busy machine must not look like a silent peer


def client(
    peer: str, scheme: str = "http", deadline: float = PATIENCE, **options: object
) -> HttpClient:
    return HttpClient(f"{scheme}://{peer}", clock=RealClock(), deadline=deadline, **options)  # type: ignore[arg-type]


async def failure(peer: str, deadline: float = PATIENCE, **options: object) -> ProbeFailure:
    http = client(peer, deadline=deadline, **options)
    began = time.monotonic()
    with pytest.raises(ProbeFailure) as caught:
        await http.get("/x")
    assert time.monotonic() - began < deadline + 5
    await http.close()
    return caught.value


async def test_an_answer_has_all_that_is_asked_of_it() -> None:
    async with raw_server(
        answer_with(b"hello", headers="Content-Type: Text/Plain; x=y\r\n")
    ) as peer:
        http = client(peer)
        answer = await http.get("/a/b", params={"q": "a b&c"})
        assert (answer.status, answer.body, answer.content_type) == (200, b"hello", "text/plain")
        assert 0 < answer.seconds < PATIENCE
        assert abs(answer.at - time.time()) < 5
        await http.close()


async def test_connections_are_reused() -> None:
    opened = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await answer_with(b"x")(reader, writer)

    async with raw_server(handler) as peer:
        http = client(peer)
        for _ in range(5):
            await http.get("/")
        await http.close()
    assert opened == 1


async def test_a_kept_connection_that_died_is_tried_once_more() -> None:
    served = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        served += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.readuntil(b"\r\n\r\n")  # the second request on it gets no answer

    async with raw_server(handler) as peer:
        http = client(peer)
        assert (await http.get("/")).body == b"ok"
        assert (await http.get("/")).body == b"ok"
        await http.close()
    assert served == 2


async def test_a_change_is_never_sent_twice() -> None:
    asked = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            if asked > 1:
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with raw_server(handler) as peer:
        http = client(peer)
        await http.get("/")
        with pytest.raises(ProbeFailure) as caught:
            await http.send("POST", "/restart")
        await http.close()
    assert caught.value.kind == "bad answer"
    assert asked == 2


async def test_a_silent_peer_is_cut_off_and_its_connection_dropped() -> None:
    dropped = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.read() == b""
        dropped.set()

    async with raw_server(handler) as peer:
        found = await failure(peer, DEADLINE)
        await asyncio.wait_for(dropped.wait(), 10)
    assert found.kind == "timeout"
    assert "no answer to GET /x within 400 ms" in str(found)


async def test_a_trickling_peer_is_cut_off_at_the_total_deadline() -> None:
    dropped = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        finally:
            dropped.set()

    async with raw_server(handler) as peer:
        found = await failure(peer, DEADLINE)
        await asyncio.wait_for(dropped.wait(), 10)
    assert found.kind == "timeout"
    assert "unfinished" in str(found)
    assert "bytes" in str(found)


async def test_a_trickle_of_headers_is_cut_off_too() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not reader.at_eof():
            writer.write(b"X-A: b\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(handler) as peer:
        assert (await failure(peer, DEADLINE)).kind == "timeout"


async def test_an_endless_body_is_cut_at_the_cap() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not reader.at_eof():
            writer.write(b"x" * 65536)
            await writer.drain()

    async with raw_server(handler) as peer:
        http = client(peer)
        with pytest.raises(ProbeFailure) as caught:
            await http.get("/", limit=200_000)
        await http.close()
    assert caught.value.kind == "too large"
    assert "accepted" in str(caught.value)


async def test_ten_gigabytes_announced_are_not_read() -> None:
    head = f"Content-Length: {10 * 2**30}\r\n"
    async with raw_server(answer_with(b"", headers=head, length=False)) as peer:
        found = await failure(peer)
    assert found.kind == "too large"
    assert "10.0 GiB" in str(found)


async def test_a_gzip_answer_is_unpacked() -> None:
    body = gzip.compress(b"metric 1\n" * 100)
    async with raw_server(answer_with(body, headers="Content-Encoding: gzip\r\n")) as peer:
        http = client(peer)
        assert (await http.get("/")).body == b"metric 1\n" * 100
        await http.close()


@pytest.mark.parametrize(
    ("body", "encoding", "kind", "words"),
    [
        (gzip.compress(bytes(60 * 2**20), 9), "gzip", "too large", "expand"),
        (gzip.compress(b"abc" * 1000)[:-20], "gzip", "bad answer", "broken off"),
        (b"not gzip at all", "gzip", "bad answer", "broken"),
        (b"x", "br", "bad answer", "not asked for"),
    ],
    ids=["bomb", "cut", "plain", "brotli"],
)
async def test_bombs_and_broken_compression(
    body: bytes, encoding: str, kind: str, words: str
) -> None:
    assert len(body) < BYTES
    async with raw_server(answer_with(body, headers=f"Content-Encoding: {encoding}\r\n")) as peer:
        found = await failure(peer)
    assert found.kind == kind
    assert words in str(found)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("http://evil.example/x", "another host (evil.example)"),
        ("//evil.example/x", "another host"),
        ("http://user@127.0.0.1/x", "another host"),
        ("http://127.0.0.1:1/x", "another port"),
        ("ftp://127.0.0.1/x", "redirects from http"),
        ("/again", "redirects one after the other"),
        ("http://[bad", "not a URL"),
    ],
)
async def test_redirects_that_are_not_followed(where: str, words: str) -> None:
    head = f"Location: {where}\r\n"
    async with raw_server(answer_with(b"", status="302 Found", headers=head)) as peer:
        found = await failure(peer, headers={"authorization": Secret("Bearer s3cr3t-token")})
    assert found.kind == "bad answer"
    assert words in str(found)
    assert "s3cr3t" not in str(found)


async def test_a_redirect_on_the_same_host_is_followed() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if head.startswith(b"GET /x "):
                writer.write(b"HTTP/1.1 308 P\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nthat")

    async with raw_server(handler) as peer:
        http = client(peer)
        assert (await http.get("/x")).body == b"that"
        await http.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 Unauthorized", "auth"), ("403 Forbidden", "forbidden"), ("404 Not Found", "missing"),
        ("429 Too Many Requests", "rate limited"), ("500 Oops", "unavailable"),
        ("503 Busy", "unavailable"), ("504 Slow", "timeout"), ("418 Teapot", "bad answer"),
        ("204 No Content", "bad answer"),
    ],
)  # fmt: skip
async def test_statuses_are_named(status: str, kind: str) -> None:
    body = b"" if status.startswith("204") else b'{"error": "no \x1b[2J password=hunter22"}'
    async with raw_server(answer_with(body, status=status)) as peer:
        found = await failure(peer, redact=Redactor([Secret("hunter22")]))
    assert found.kind == kind
    assert isinstance(found, HttpFailure)
    assert str(found.status) in str(found)
    assert str(found).isprintable()
    assert "hunter22" not in str(found)


async def test_a_rate_limit_is_honoured_by_later_reads() -> None:
    asked = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            writer.write(b"HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n")

    async with raw_server(handler) as peer:
        http = client(peer)
        for _ in range(3):
            with pytest.raises(ProbeFailure) as caught:
                await http.get("/")
            assert caught.value.kind == "rate limited"
            assert 16 < (caught.value.retry_after or 0) <= 17
        await http.close()
    assert asked == 1


def test_retry_after_in_all_its_forms() -> None:
    assert retry_after("12", 0) == 12
    assert retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 30) == 30
    assert retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 90) == 0
    assert retry_after("999999999999", 0) is None
    assert retry_after("999999", 0) == 3600
    assert retry_after("soon", 0) is None
    assert retry_after(None, 0) is None


async def test_nothing_listens() -> None:
    async with raw_server(answer_with(b"")) as peer:
        pass
    found = await failure(peer)
    assert found.kind == "refused"
    assert peer in str(found)


async def test_a_name_that_does_not_resolve() -> None:
    http = HttpClient("http://nowhere.invalid", clock=RealClock(), deadline=3)
    with pytest.raises(ProbeFailure) as caught:
        await http.get("/")
    await http.close()
    assert caught.value.kind in {"dns", "unreachable"}


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_a_peer_that_does_not_speak_http(said: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)

    async with raw_server(handler) as peer:
        found = await failure(peer)
    assert found.kind == "bad answer"


@pytest.mark.parametrize(
    "path", ["/../x", "//evil/x", "/a%2fb", "/a b", "/a?b", "x", "/a\r\nb", "/é"]
)
async def test_paths_that_lead_astray_are_refused(path: str) -> None:
    http = client("127.0.0.1:1")
    with pytest.raises(ProbeFailure) as caught:
        await http.get(path)
    assert caught.value.kind == "internal"


def test_segments_are_quoted() -> None:
    assert segment("a/../b?c#d e") == "a%2F..%2Fb%3Fc%23d%20e"


@pytest.mark.parametrize(
    ("base", "credentials", "fine"),
    [
        ("https://api.machines.dev", True, True),
        ("http://127.0.0.1:4280", True, True),
        ("http://_api.internal:4280", True, True),
        ("http://api.machines.dev", True, False),
        ("http://api.machines.dev", False, True),
        ("https://u:p@api.machines.dev", False, False),
        ("ftp://x", False, False),
        ("nonsense", False, False),
        ("http://x:99999", False, False),
    ],
)
def test_which_addresses_may_be_called(base: str, credentials: bool, fine: bool) -> None:
    problem = problem_with(base, credentials=credentials)
    assert (problem is None) == fine
    assert "u:p" not in (problem or "")


async def test_credentials_never_go_out_in_the_clear() -> None:
    http = HttpClient(
        "http://api.example.org", clock=RealClock(), headers={"authorization": Secret("Bearer abc")}
    )
    with pytest.raises(ProbeFailure, match="unencrypted"):
        await http.get("/")


def test_what_an_error_page_says() -> None:
    assert said(b"<html><style>x{}</style><h1>Bad\nGateway</h1></html>") == "Bad Gateway"
    assert said(b'{"message": "try later"}') == "try later"
    assert said(b"\xff\xfe") == "\ufffd\ufffd"


class Authority:
    """A certificate authority of the test's own, and servers' certificates from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._signer = Signer("Test Authority")
        self.file = folder / "ca.pem"
        self.file.write_text(pem(self._signer.certificate))

    def server(self, host: str, first: float, last: float) -> ssl.SSLContext:
        """A server's context, valid from day ``first`` to day ``last`` from now."""
        place = self.folder / "server.pem"
        place.write_text(self._signer.issue((first, last), (host,)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place)
        return context


@pytest.mark.parametrize(
    ("host", "first", "last", "words"),
    [
        ("127.0.0.1", -5, -1, "expired"),
        ("127.0.0.1", 1, 5, "not valid yet"),
        ("other.example", -1, 5, "another"),
    ],
)
async def test_bad_certificates_are_told_apart(
    tmp_path: Path, host: str, first: float, last: float, words: str
) -> None:
    authority = Authority(tmp_path)
    async with raw_server(answer_with(b"ok"), ssl=authority.server(host, first, last)) as peer:
        found = await failure(peer, scheme="https", ca_file=authority.file)
    assert found.kind == "tls"
    assert words in str(found)


async def test_an_unknown_authority_is_its_own_case(tmp_path: Path) -> None:
    context = Authority(tmp_path).server("127.0.0.1", -1, 5)
    async with raw_server(answer_with(b"ok"), ssl=context) as peer:
        found = await failure(peer, scheme="https")
    assert found.kind == "tls"
    assert "unknown authority" in str(found)


async def test_plain_http_where_tls_belongs() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_server(handler) as peer:
        found = await failure(peer, scheme="https")
    assert found.kind == "tls"


async def test_a_silent_peer_in_the_tls_handshake() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(handler) as peer:
        found = await failure(peer, DEADLINE, scheme="https")
    assert found.kind == "timeout"
    assert "TLS" in str(found)
