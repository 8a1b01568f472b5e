"""An S3 server in front of the real one, that fails as told: refuses, hangs, loses answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.systems.faulty import Relay

KINDS = ("refuses", "hangs", "loses the answer", "cuts the answer")


class Trouble:
    """``kind`` happens to the requests from number ``first`` on, ``times`` of them."""

    def __init__(self, kind: str, first: int, times: int) -> None:
        self.kind, self.first, self.left = kind, first, times


class Front:
    """Forwards every request; ``seen`` counts the changing and reading ones of a trial."""

    def __init__(self, behind: str) -> None:
        self.trouble: Trouble | None = None
        self.at: Callable[[int], None] = lambda number: None
        self.seen = 0
        self.met = 0
        self._turn = threading.Lock()
        self._over = threading.Event()
        front, address = self, urlsplit(behind).netloc

        class Handler(Relay):
            behind = address

            def answer(self) -> None:
                body = self.read()
                kind = front._kind()
                if kind == "hangs":
                    front._over.wait(8.0)
                    self.close_connection = True
                    return
                if kind == "refuses":
                    self.refuse()
                    return
                status, headers, data, length = self.forward(body)
                if kind == "loses the answer":
                    self.close_connection = True
                    return
                cut = kind == "cuts the answer"
                self.send(status, headers, data[: len(data) // 2] if cut else data,
                          length or str(len(data)))  # fmt: skip
                self.close_connection = self.close_connection or cut

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # killed clients are what this is about

            def get_request(self) -> tuple[socket.socket, object]:
                found = super().get_request()
                found[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return found

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def _kind(self) -> str | None:
        with self._turn:
            self.seen += 1
            self.at(self.seen)
            trouble = self.trouble
            if trouble is None or self.seen < trouble.first or trouble.left <= 0:
                return None
            trouble.left -= 1
            self.met += 1
            return trouble.kind

    def anew(self, trouble: Trouble | None = None) -> None:
        """The next requests count from 1."""
        with self._turn:
            self.seen = self.met = 0
            self.trouble, self.at = trouble, lambda number: None

    def close(self) -> None:
        """Nobody is answered any more."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
