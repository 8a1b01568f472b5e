"""The API proper: agents, tasks, auctions and payments, each on real tables."""

from __future__ import annotations

import json
import time
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
from aiohttp import web

from ainur_tui.demo.api.orchestrator import TYPES
from ainur_tui.demo.api.service import SERVICE

routes = web.RouteTableDef()

AGENTS = """
SELECT a.id, a.name, a.did, a.status, a.capabilities, a.price, r.score
FROM agents a LEFT JOIN reputation_scores r ON r.agent_id = a.id
WHERE $1::text IS NULL OR a.status = $1 ORDER BY a.created_at DESC LIMIT $2"""
AGENT = """
SELECT a.*, r.score, r.tasks_completed, r.tasks_failed
FROM agents a LEFT JOIN reputation_scores r ON r.agent_id = a.id WHERE a.id = $1"""
TASKS = """
SELECT id, type, status, agent_id, budget, created_at, completed_at
FROM tasks ORDER BY created_at DESC LIMIT $1"""
TASK = "SELECT * FROM tasks WHERE id = $1"
AUCTIONS = """
SELECT a.id, a.task_id, a.status, a.reserve_price, a.clearing_price, a.closes_at,
       count(b.id) AS bids
FROM auctions a LEFT JOIN bids b ON b.auction_id = a.id
WHERE a.id IN (SELECT id FROM auctions ORDER BY created_at DESC LIMIT $1)
GROUP BY a.id ORDER BY a.created_at DESC"""
CHANNELS = """
SELECT id, agent_id, state, deposit, spent, sequence FROM payment_channels
WHERE state = 'open' ORDER BY updated_at DESC LIMIT $1"""
SPEND = """
UPDATE payment_channels SET spent = spent + $2, sequence = sequence + 1, updated_at = now()
WHERE id = $1 AND state = 'open' AND spent + $2 <= deposit RETURNING sequence"""
RECORD = "INSERT INTO channel_transactions (channel_id, amount, kind) VALUES ($1, $2, 'payment')"
DOCUMENTS = {"capabilities", "metadata", "input", "result"}


def plain(row: asyncpg.Record) -> dict[str, Any]:
    """A row as JSON values: money as text, as the real API does. Raises ``RuntimeError`` for an
    agent without a price, which it cannot read either."""
    if "price" in row and row["price"] is None:
        raise RuntimeError('table agents: cannot scan NULL into "price" (*decimal.Decimal)')
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: Any) -> Any:
    if name in DOCUMENTS and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value


def limit(request: web.Request, most: int = 100) -> int:
    """The page size asked for, at most ``most``; 400 when it is no number."""
    asked = request.query.get("limit", "20")
    if not asked.isdigit():
        raise bad("limit must be a number")
    return min(int(asked), most)


def bad(reason: str) -> web.HTTPBadRequest:
    """A 400 in the API's form."""
    return web.HTTPBadRequest(text=f'{{"error": "{reason}"}}', content_type="application/json")


def key(request: web.Request) -> uuid.UUID:
    """The id in the path; 400 when it is none."""
    try:
        return uuid.UUID(request.match_info["id"])
    except ValueError:
        raise bad("id must be a UUID") from None


async def _list(request: web.Request, name: str, query: str, *values: Any) -> web.Response:
    async with request.app[SERVICE].database.session() as connection:
        rows = await connection.fetch(query, *values)
    return web.json_response({name: [plain(row) for row in rows], "count": len(rows)})


async def _one(request: web.Request, query: str) -> web.Response:
    async with request.app[SERVICE].database.session() as connection:
        row = await connection.fetchrow(query, key(request))
    if row is None:
        return web.json_response({"error": "not found"}, status=404)
    return web.json_response(plain(row))


@routes.get("/api/v1/agents")
async def agents(request: web.Request) -> web.Response:
    """Agents, newest first."""
    return await _list(request, "agents", AGENTS, request.query.get("status"), limit(request))


@routes.get("/api/v1/agents/{id}")
async def agent(request: web.Request) -> web.Response:
    """One agent with its reputation."""
    return await _one(request, AGENT)


@routes.get("/api/v1/tasks")
async def tasks(request: web.Request) -> web.Response:
    """Tasks, newest first."""
    return await _list(request, "tasks", TASKS, limit(request))


@routes.get("/api/v1/tasks/{id}")
async def task(request: web.Request) -> web.Response:
    """One task."""
    return await _one(request, TASK)


@routes.post("/api/v1/tasks")
async def create_task(request: web.Request) -> web.Response:
    """Accept a task: it is queued here and stored by a worker."""
    try:
        body = await request.json()
        kind, budget = body["type"], float(body["budget"])
    except (ValueError, KeyError, TypeError):
        raise bad("type and budget are required") from None
    if kind not in TYPES or not 0 < budget < 1e6:
        raise bad("unknown type or budget out of range")
    made = request.app[SERVICE].orchestrator.accept(kind, budget)
    return web.json_response({"id": str(made.id), "status": "pending"}, status=202)


@routes.get("/api/v1/auctions")
async def auctions(request: web.Request) -> web.Response:
    """Auctions with their bids counted, newest first."""
    return await _list(request, "auctions", AUCTIONS, limit(request))


@routes.get("/api/v1/payments/channels")
async def channels(request: web.Request) -> web.Response:
    """Open payment channels."""
    return await _list(request, "channels", CHANNELS, limit(request))


@routes.post("/api/v1/payments")
async def pay(request: web.Request) -> web.Response:
    """Pay over a channel: 402 when its deposit is spent."""
    service = request.app[SERVICE]
    try:
        body = await request.json()
        channel, amount = uuid.UUID(body["channel_id"]), Decimal(str(body["amount"]))
    except (ValueError, KeyError, TypeError, ArithmeticError):
        raise bad("channel_id and amount are required") from None
    began = time.monotonic()
    async with service.database.session() as connection, connection.transaction():
        sequence = await connection.fetchval(SPEND, channel, amount)
        if sequence is not None:
            await connection.execute(RECORD, channel, amount)
    service.metrics.payment_seconds.observe(time.monotonic() - began)
    if sequence is None:
        service.metrics.payment_failures.add("insufficient_deposit")
        return web.json_response({"error": "insufficient deposit"}, status=402)
    service.metrics.payments.add("channel")
    service.zap.info("economic/channel.go:142", "payment settled", channel_id=str(channel),
                     amount=str(amount), sequence=sequence)  # fmt: skip
    return web.json_response({"status": "settled", "sequence": sequence}, status=201)


@routes.get("/api/v1/orchestrator/health")
async def orchestrator_health(request: web.Request) -> web.Response:
    """The orchestrator's own health."""
    orchestrator = request.app[SERVICE].orchestrator
    well = orchestrator.failing_since is None
    body = {"status": "healthy" if well else "unhealthy", "tasks_in_queue": orchestrator.depth}
    return web.json_response(body, status=200 if well else 503)
