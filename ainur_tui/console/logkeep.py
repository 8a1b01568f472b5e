"""Log records as files: text, JSON lines, and evidence with its hash. Secrets are masked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from ainur_tui.console.draw.logbars import words_of
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.logstack import Stack
from ainur_tui.console.logwindow import Record, moment
from ainur_tui.model.log import LogGap
from ainur_tui.model.logevidence import LogCoverage, LogEvidence
from ainur_tui.model.secret import Redactor
from ainur_tui.model.units import clock, rfc3339

_JSON = msgspec.json.Encoder()


def text(records: Sequence[Record]) -> bytes:
    """A line a record, as people read it."""
    redact = Redactor()
    return "".join(f"{redact(_line(record))}\n" for record in records).encode()


def lines(records: Sequence[Record]) -> bytes:
    """A JSON object a record, as ``logs --json`` writes it."""
    return b"".join(_JSON.encode(_shape(record, Redactor())) + b"\n" for record in records)


def evidence(records: Sequence[Record], stack: Stack, scene: Scene) -> tuple[LogEvidence, bytes]:
    """The records as a file under a head: who froze them, when, by which filters, how far back each
    source reached, and the SHA-256 of all that follows the head's line; the head beside it.
    ``records`` hold one at least."""
    body = lines(records)
    sources = scene.view.logs if scene.view else []
    head = LogEvidence(
        environment=scene.environment,
        frozen_at=_time(scene.now),
        operator=scene.operator,
        filters=[words_of(chip.what) for chip in stack.chips if chip.on],
        since=_time(min(map(moment, records))),
        until=_time(max(map(moment, records))),
        records=len(records),
        coverage=[
            LogCoverage(
                source=one.name, connected=one.connected, dropped=one.dropped,
                reaches_back_to=rfc3339(one.reaches_back_to),
            )
            for one in sources
        ],
        sha256=hashlib.sha256(body).hexdigest(),
    )  # fmt: skip
    return head, _JSON.encode(head) + b"\n" + body


def _time(at: float) -> str:
    return rfc3339(at) or ""


def _line(record: Record) -> str:
    if isinstance(record, LogGap):
        many = "an unknown number of" if record.dropped is None else str(record.dropped)
        span = f"{clock(record.since)} to {clock(record.until)}"
        return f"-- {record.source}: {many} lines are not here, {span}"
    machine = f" {record.machine}" if record.machine else ""
    level = (record.level or "-").upper()
    fields = "".join(f" {key}={value}" for key, value in record.fields.items())
    return f"{rfc3339(record.at)} {record.source}{machine} {level} {record.message}{fields}"


def _shape(record: Record, redact: Redactor) -> dict[str, Any]:
    if isinstance(record, LogGap):
        return {"gap": {"source": record.source, "from": rfc3339(record.since),
                        "to": rfc3339(record.until), "dropped": record.dropped}}  # fmt: skip
    return {
        "at": rfc3339(record.at), "source": record.source, "level": record.level,
        "message": redact(record.message), "machine": record.machine, "class": record.log_class,
        "unsure": record.unsure,
        "fields": {key: redact(f"{key}={value}").removeprefix(f"{key}=")
                   for key, value in record.fields.items()},
    }  # fmt: skip
