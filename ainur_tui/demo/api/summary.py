"""``/metrics`` and ``/metrics/summary``, the latter in the code's shape or in the guide's."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ainur_tui.demo.api.health import now, runtime
from ainur_tui.demo.api.service import SERVICE, VERSION, Service

NOT_AVAILABLE = "N/A - requires metric query implementation"

routes = web.RouteTableDef()


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """The Prometheus exposition."""
    service = request.app[SERVICE]
    service.metrics.queue.set(service.orchestrator.depth)
    return web.Response(
        body=service.metrics.text().encode(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


@routes.get("/metrics/summary")
async def summary(request: web.Request) -> web.Response:
    """The shape asked for by ``?shape=``, else the process's own."""
    service = request.app[SERVICE]
    shape = request.query.get("shape", service.shape)
    return web.json_response(_guide(service) if shape == "guide" else _code(service))


def _code(service: Service) -> dict[str, Any]:
    counters = (
        "tasks_total", "api_requests_total", "agents_registered", "payments_total",
        "blockchain_calls", "auctions_total",
    )  # fmt: skip
    gauges = ("active_connections", "vcg_efficiency_ratio", "escrow_balance")
    return {
        "timestamp": now(),
        "service": "ainur-orchestrator",
        "version": VERSION,
        "runtime": runtime(service),
        "health": {
            "database": service.orchestrator.failing_since is None,
            "blockchain": service.node.up,
        },
        "counters": dict.fromkeys(counters, NOT_AVAILABLE),
        "gauges": dict.fromkeys(gauges, NOT_AVAILABLE)
        | {
            "tasks_in_queue": service.orchestrator.depth,
            "blockchain_connected": float(service.node.up),
        },
    }


def _guide(service: Service) -> dict[str, Any]:
    requests = service.metrics.requests.total
    seconds = service.metrics.latency.total
    return {
        "http": {
            "requests_total": requests,
            "average_response_time": round(seconds / requests, 6) if requests else 0.0,
        },
        "agents": {
            "online": service.metrics.online.total,
            "tasks_completed_today": service.metrics.tasks.values.get(("completed",), 0),
        },
    }
