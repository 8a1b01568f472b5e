"""A Loki: takes lines in (``push``), gives them out by label and time (``query_range``)."""

from __future__ import annotations

import json
import re
import sys
from collections import deque
from typing import Any

from aiohttp import web

from ainur_tui.demo.service import arguments, run, serve, until_stopped

KEPT = 50_000
LIMIT = 5000
"""Entries of one answer at most; to ask for more is refused, as a real one does."""
_SELECTOR = re.compile(r'\s*\{([^}]*)\}\s*(?:\|=\s*"([^"]*)"\s*)?')
_LABEL = re.compile(r'\s*(\w+)\s*=\s*"([^"]*)"\s*')

Entry = tuple[int, dict[str, str], str, dict[str, str]]
"""Nanoseconds, the stream's labels, the line, and what is known of it alone."""


class Loki:
    """The newest entries of all streams. It knows selectors by equality, and one ``|=``."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self._limit = limit

    def application(self, **options: Any) -> web.Application:
        """The aiohttp application to serve."""
        application = web.Application(**options)
        application.add_routes(
            [
                web.post("/loki/api/v1/push", self._push),
                web.get("/loki/api/v1/query_range", self._range),
                web.get("/ready", self._ready),
            ]
        )
        return application

    async def _ready(self, _: web.Request) -> web.Response:
        return web.Response(text="ready\n")

    async def _push(self, request: web.Request) -> web.Response:
        try:
            for stream in json.loads(await request.read())["streams"]:
                for ns, line, *more in stream["values"]:
                    self.entries.append((int(ns), stream["stream"], line, *(more or [{}])))
        except (ValueError, KeyError, TypeError) as error:
            return web.Response(status=400, text=f"bad push: {type(error).__name__}")
        return web.Response(status=204)

    async def _range(self, request: web.Request) -> web.Response:
        asked = request.query
        selector = _SELECTOR.fullmatch(asked.get("query", ""))
        if selector is None:
            return web.Response(status=400, text="parse error: a selector in braces is needed")
        labels, words = dict(_LABEL.findall(selector[1])), selector[2] or ""
        start, end, limit = (int(asked[name]) for name in ("start", "end", "limit"))
        if limit > self._limit:
            told = f"max entries limit per query exceeded, limit > max_entries_limit ({limit} > "
            return web.Response(status=400, text=f"{told}{self._limit})")
        found = [
            entry
            for entry in self.entries
            if start <= entry[0] < end and labels.items() <= entry[1].items() and words in entry[2]
        ]
        found.sort(key=lambda entry: entry[0], reverse=asked.get("direction") != "forward")
        streams: dict[str, dict[str, Any]] = {}
        for ns, own, line, more in found[:limit]:
            stream = streams.setdefault(json.dumps(own), {"stream": own, "values": []})
            stream["values"].append([str(ns), line, *([more] if more else [])])
        data = {"resultType": "streams", "result": list(streams.values()), "stats": {}}
        return web.json_response({"status": "success", "data": data})


async def main(port: int) -> None:
    """Serve until told to stop."""
    server = await serve(Loki().application(), port, grace=0.5)
    await until_stopped()
    await server.cleanup()


if __name__ == "__main__":
    given = arguments("ainur_tui.demo.loki", ("--port", {"type": int, "required": True}))
    sys.exit(run(main(given.port)))
