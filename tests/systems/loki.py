"""A small Loki: ``query_range`` over entries that tests put in, with its limits and its order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Labels = dict[str, str]


@dataclass
class FakeLoki:
    """``entries`` are (nanoseconds, labels, line, metadata). ``most`` is the largest limit it
    takes; ``asked`` what it was asked."""

    entries: list[tuple[int, Labels, str, Labels]] = field(default_factory=list)
    most: int = 5000
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)
    broken: web.Response | None = None

    def put(self, ns: int, line: str, labels: Labels | None = None, **metadata: str) -> None:
        self.entries.append((ns, labels or {"app": "edge"}, line, metadata))

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/loki/api/v1/query_range", self._range)
        return application

    async def _range(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.asked.append(query)
        self.headers.append(request.headers)
        if self.broken is not None:
            broken, self.broken = self.broken, None
            return broken
        limit = int(query["limit"])
        if limit > self.most:
            words = f"max entries limit per query exceeded, limit > max_entries_limit ({limit})"
            return web.Response(status=400, text=words)
        start, end = int(query["start"]), int(query["end"])
        backward = query["direction"] == "backward"
        inside = [one for one in self.entries if start <= one[0] < end]
        inside.sort(key=lambda one: one[0], reverse=backward)
        streams: dict[str, dict[str, Any]] = {}
        for ns, labels, line, metadata in inside[:limit]:
            stream = streams.setdefault(repr(labels), {"stream": labels, "values": []})
            stream["values"].append([str(ns), line, *([metadata] if metadata else [])])
        return web.json_response(
            {"status": "success", "data": {"resultType": "streams",
                                           "result": list(streams.values()), "stats": {}}}
        )  # fmt: skip
