"""An S3 server with faults: hands requests on to a real one, and refuses what it is told to."""

from __future__ import annotations

import contextlib
import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Relay(BaseHTTPRequestHandler):
    """Hands requests to the store ``behind`` it; what becomes of each says ``answer``."""

    protocol_version = "HTTP/1.1"
    behind = ""

    def answer(self) -> None:
        raise NotImplementedError

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes, str | None]:
        """Status, the headers that matter, data, and the length that a HEAD tells."""
        onward = http.client.HTTPConnection(self.behind, timeout=20)
        onward.request(self.command, self.path, body, dict(self.headers))
        found = onward.getresponse()
        data = found.read()
        kept = {"etag", "last-modified", "content-type", "content-range"}
        headers = {k: v for k, v in found.getheaders() if k.lower() in kept}
        length = found.getheader("content-length") if self.command == "HEAD" else None
        onward.close()
        return found.status, headers, data, length

    def refuse(self) -> None:
        self.send(503, {}, b"<Error><Code>ServiceUnavailable</Code></Error>")

    def send(
        self, status: int, headers: dict[str, str], data: bytes, length: str | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", length or str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):  # who asked may be gone
            self.wfile.write(data)

    def do_GET(self) -> None:
        self.answer()

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class FaultyStore:
    """Refuses requests of a method whose path and query hold a text, with 503; ``seen`` has all."""

    def __init__(self, behind: str) -> None:
        self._faults: list[tuple[str, str, int]] = []
        self.refused: list[str] = []
        self.seen: list[str] = []
        store = self
        address = urlsplit(behind).netloc

        class Handler(Relay):
            behind = address

            def answer(self) -> None:
                body = self.read()
                asked = f"{self.command} {self.path}"
                store.seen.append(asked)
                if any(
                    self.command == m and t in self.path and store.refused.count(asked) < times
                    for m, t, times in store._faults
                ):
                    store.refused.append(asked)
                    self.refuse()
                    return
                self.send(*self.forward(body))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def refuse(self, method: str, text: str, times: int = 1000) -> None:
        """So many times for each request."""
        self._faults.append((method, text, times))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
