"""An S3 server with faults: hands requests on to a real one, and refuses what it is told to."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class FaultyStore:
    """Refuses requests of a method whose path and query hold a text, with 503."""

    def __init__(self, behind: str) -> None:
        self._faults: list[tuple[str, str]] = []
        self.refused: list[str] = []
        store = self
        address = urlsplit(behind).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                if any(self.command == m and t in self.path for m, t in store._faults):
                    store.refused.append(f"{self.command} {self.path}")
                    self._send(503, {}, b"<Error><Code>ServiceUnavailable</Code></Error>")
                    return
                onward = http.client.HTTPConnection(address, timeout=10)
                onward.request(self.command, self.path, body, dict(self.headers))
                answer = onward.getresponse()
                data = answer.read()
                kept = {"etag", "last-modified", "content-type", "content-range"}
                headers = {k: v for k, v in answer.getheaders() if k.lower() in kept}
                length = answer.getheader("content-length") if self.command == "HEAD" else None
                onward.close()
                self._send(answer.status, headers, data, length)

            def _send(
                self, status: int, headers: dict[str, str], data: bytes, length: str | None = None
            ) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", length or str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def refuse(self, method: str, text: str) -> None:
        self._faults.append((method, text))

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
