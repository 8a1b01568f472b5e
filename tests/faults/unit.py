"""The node of the trials: a unit that a ``systemctl`` on the engine's path turns, and its RPC."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

UNIT = "ainur-node"
_SYSTEMCTL = """#!{python} -SE
import socket, sys
verb = sys.argv[1]
ask = "GET /unit" if verb == "show" else "POST /unit/" + verb
with socket.create_connection(("{host}", {port}), 10) as there:
    there.sendall((ask + " HTTP/1.0\\r\\nContent-Length: 0\\r\\n\\r\\n").encode())
    answer = b"".join(iter(lambda: there.recv(4096), b""))
head, _, body = answer.partition(b"\\r\\n\\r\\n")
sys.stdout.write(body.decode())
sys.exit(0 if b" 200 " in head.split(b"\\r\\n")[0] else 1)
"""


def systemctl(folder: Path, url: str) -> None:
    """Put the program into a folder; it carries words to the unit at ``url``."""
    folder.mkdir(exist_ok=True)
    there, program = urlsplit(url), folder / "systemctl"
    program.write_text(
        _SYSTEMCTL.format(python=sys.executable, host=there.hostname, port=there.port)
    )
    program.chmod(0o755)


class Unit:
    """One unit; its main process has another number after each start."""

    def __init__(self) -> None:
        self.pid = 100
        self.active = True

    def anew(self) -> None:
        """Active, with a new process."""
        self.pid += 1
        self.active = True

    async def show(self, _: web.Request) -> web.Response:
        found = {
            "LoadState": "loaded", "ActiveState": "active" if self.active else "inactive",
            "SubState": "running" if self.active else "dead",
            "MainPID": self.pid if self.active else 0,
        }  # fmt: skip
        return web.Response(text="".join(f"{name}={value}\n" for name, value in found.items()))

    async def act(self, request: web.Request) -> web.Response:
        verb = request.match_info["verb"]
        if verb == "restart" or (verb == "start" and not self.active):
            self.pid += 1
        self.active = verb != "stop"
        return web.Response(text="")

    async def rpc(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if not self.active:
            return web.json_response({"error": "nobody is there"}, status=503)
        results: dict[str, Any] = {
            "chain_getHeader": {"number": "0x10", "parentHash": "0x" + "0" * 64},
            "system_nodeRoles": ["Full"],
        }
        return web.json_response(
            {"jsonrpc": "2.0", "id": asked["id"], "result": results.get(asked["method"])}
        )
