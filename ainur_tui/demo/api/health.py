"""Health of the API service: what it says depends on the database, the node and the queue."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from ainur_tui.demo.api.metrics import GO_VERSION, resident_bytes
from ainur_tui.demo.api.service import SERVICE, VERSION, Service

MIB = 1 << 20
UPTIME_TARGET, P95_TARGET_MS, ERROR_TARGET = 99.9, 100.0, 1.0
STUCK = 10.0
"""Seconds of failing workers after which the orchestrator calls itself unhealthy."""

routes = web.RouteTableDef()


def now() -> str:
    """The time as Go's JSON encoder writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def services(service: Service) -> dict[str, dict[str, Any]]:
    """The state of everything the service depends on, looked at now."""
    began = time.monotonic()
    trouble = await service.database.ping()
    took = (time.monotonic() - began) * 1000
    failing = service.orchestrator.failing_since
    stuck = failing is not None and time.time() - failing > STUCK
    found = {
        "database": _state(trouble is None, trouble or "connected", took),
        "orchestrator": _state(
            not stuck, "workers can't complete tasks" if stuck else "5 workers running", 0.1,
            bad="unhealthy",
        ),
        "p2p": _state(True, "listening", 0.1),
    }  # fmt: skip
    if service.node.configured:
        node = service.node
        found["blockchain"] = _state(node.up, node.message, node.seconds * 1000)
    return found


def _state(well: bool, message: str, ms: float, bad: str = "down") -> dict[str, Any]:
    return {
        "status": "healthy" if well else bad,
        "last_check": now(),
        "message": message,
        "response_time_ms": round(ms, 3),
    }


def all_well(found: dict[str, dict[str, Any]]) -> bool:
    """Whether every service is healthy."""
    return all(each["status"] == "healthy" for each in found.values())


@routes.get("/health")
async def health(request: web.Request) -> web.Response:
    """Liveness with the database (2 s) and the node behind it: 200, or 503 with the same shape."""
    service = request.app[SERVICE]
    found = await services(service)
    well = all_well(found)
    body = {
        "status": "healthy" if well else "unhealthy",
        "timestamp": now(),
        "uptime": round(service.uptime, 3),
        "version": VERSION,
    }
    if service.maintenance:
        body["maintenance"] = True
    if not well:
        body["error"] = "; ".join(
            f"{name}: {each['message']}" for name, each in found.items()
            if each["status"] != "healthy"
        )  # fmt: skip
        service.zap.warn("api/health.go:64", "health check failed", error=body["error"])
    answer = web.json_response(body, status=200 if well else 503)
    if service.switches.on("api-health-malformed"):
        half = answer.text or ""
        return web.Response(text=half[: len(half) // 2], content_type="application/json")
    return answer


@routes.get("/ready")
async def ready(request: web.Request) -> web.Response:
    """Readiness: the database and the orchestrator are critical."""
    found = await services(request.app[SERVICE])
    checks = {name: found[name]["status"] for name in ("database", "orchestrator")}
    well = set(checks.values()) == {"healthy"}
    body = {"ready": well, "timestamp": now(), "version": VERSION, "checks": checks}
    return web.json_response(body, status=200 if well else 503)


@routes.get("/health/detailed")
async def detailed(request: web.Request) -> web.Response:
    """Everything the service knows of itself."""
    service = request.app[SERVICE]
    found = await services(service)
    well = all_well(found)
    rate, errors, p95 = service.metrics.last_minute()
    p95_ms, error_percent = round(p95 * 1000, 2), round(errors * 100, 3)
    tasks = service.metrics.tasks.values
    status = "healthy" if well else "unhealthy"
    body = {
        "status": status,
        "timestamp": now(),
        "version": VERSION,
        "uptime_seconds": round(service.uptime, 3),
        "services": found,
        "metrics": {
            "tasks_processed_total": tasks.get(("completed",), 0) + tasks.get(("failed",), 0),
            "tasks_in_queue": service.orchestrator.depth,
            "agents_registered": service.metrics.agents.total,
            "active_connections": service.metrics.connections.total,
            "error_rate_percent": error_percent,
            "p95_latency_ms": p95_ms,
            "throughput_rps": round(rate, 2),
        },
        "runtime": runtime(service),
        "slo": {
            "uptime_target_percent": UPTIME_TARGET,
            "latency_target_ms": P95_TARGET_MS,
            "error_rate_target_percent": ERROR_TARGET,
            "current_uptime_percent": 100.0 if well else 0.0,
            "current_latency_ms": p95_ms,
            "current_error_rate_percent": error_percent,
            "uptime_slo_status": "met" if well else "violated",
            "latency_slo_status": "met" if p95_ms <= P95_TARGET_MS else "violated",
            "error_slo_status": "met" if error_percent <= ERROR_TARGET else "violated",
        },
    }
    return web.json_response(body, status=200 if well else 503, headers={"X-Health-Status": status})


def runtime(service: Service) -> dict[str, Any]:
    """What Go's runtime reports, filled with ours."""
    collections = service.metrics.collections
    resident, virtual = (each / MIB for each in resident_bytes())
    return {
        "go_version": GO_VERSION,
        "goroutines": len(asyncio.all_tasks()),
        "memory_alloc_mb": round(resident * 0.55, 2),
        "memory_total_mb": round(virtual, 2),
        "memory_system_mb": round(resident, 2),
        "gc_cycles": collections.cycles,
        "gc_pause_ms": round(collections.last_ms, 3),
    }


@routes.get("/metrics/health")
async def metrics_health(request: web.Request) -> web.Response:
    """Health as the metrics package sees it."""
    service = request.app[SERVICE]
    found = await services(service)
    flags = {name: each["status"] == "healthy" for name, each in found.items()}
    body = {
        "status": "healthy" if all(flags.values()) else "degraded",
        "health_checks": flags | {"metrics": True},
        "services": flags,
        "uptime_seconds": round(service.uptime, 3),
        "slo": {
            "target_uptime_percent": UPTIME_TARGET,
            "target_p95_latency_ms": P95_TARGET_MS,
            "target_error_rate_percent": ERROR_TARGET,
        },
    }
    return web.json_response(body)


routes.get("/health/metrics")(metrics_health)
