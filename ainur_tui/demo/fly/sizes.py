"""The one question of the platform's GraphQL interface that is answered here: which sizes there
are, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from ainur_tui.demo.fly.http import Routes, body
from ainur_tui.demo.fly.machines import ApiError, Json

# Of a kind: memory in MB for each processor (least, most), dollars a month for each processor.
KINDS = {"shared-cpu": (256, 2048, 2.02), "performance": (2048, 8192, 32.19)}
COUNTS = {"shared-cpu": (1, 2, 4, 8), "performance": (1, 2, 4, 8, 16)}


class SizesApi(Routes):
    """``POST /graphql``."""

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/graphql", self.ask, name="graphql")]

    async def ask(self, request: web.Request) -> web.Response:
        query = (await body(request)).get("query")
        if not isinstance(query, str) or "vmSizes" not in query:
            raise ApiError(400, "only platform.vmSizes is known here", "invalid_argument")
        return web.json_response({"data": {"platform": {"vmSizes": list(_sizes())}}})


def _sizes() -> Iterator[Json]:
    for kind, (least, most, price) in KINDS.items():
        for count in COUNTS[kind]:
            yield {
                "name": f"{kind}-{count}x",
                "cpuCores": float(count),
                "memoryMb": least * count,
                "maxMemoryMb": most * count,
                "memoryGb": least * count / 1024,
                "priceMonth": price * count,
                "priceSecond": price * count / 2_592_000,
            }
