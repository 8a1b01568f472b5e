"""The store's wire forms: XML answers, request bodies in AWS chunks, byte ranges."""

from __future__ import annotations

import email.utils
import re
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.streams import StreamReader

from ainur_tui.demo.store.auth import S3Error

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
LARGEST_XML = 2 * 1024 * 1024
CHUNK = 256 * 1024


def xml(name: str, *children: tuple[str, Any], namespace: str | None = NAMESPACE) -> str:
    """An XML document: children are (name, text), (name, children) or (name, None)."""
    attribute = f' xmlns="{namespace}"' if namespace else ""
    inner = "".join(_element(*child) for child in children)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}{attribute}>{inner}</{name}>'


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return f"<{name}>{''.join(_element(*child) for child in value)}</{name}>"
    if isinstance(value, bool):
        value = str(value).lower()
    return f"<{name}>{escape(str(value))}</{name}>"


def answer(text: str, status: int = 200) -> web.Response:
    """An XML answer."""
    return web.Response(text=text, status=status, content_type="application/xml")


def error_answer(error: S3Error, resource: str, *, head: bool) -> web.Response:
    """An error as the clients expect it."""
    if head:
        return web.Response(status=error.http)
    children = (("Code", error.code), ("Message", error.text), ("Resource", resource))
    return answer(xml("Error", *children, namespace=None), error.http)


def when(at: float) -> str:
    """A time as in listings."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.{int(at * 1000) % 1000:03d}Z"


def http_date(at: float) -> str:
    """A time as in headers."""
    return email.utils.formatdate(at, usegmt=True)


async def parsed(request: web.Request) -> Iterable[ET.Element]:
    """The elements below the root of an XML body, names without namespace; 400 when malformed."""
    raw = await request.content.read(LARGEST_XML)
    while not request.content.at_eof():
        raw += await request.content.read(LARGEST_XML)
        if len(raw) > LARGEST_XML:
            raise S3Error(400, "MaxMessageLengthExceeded", "The request was too big.")
    try:
        if b"<!" in raw:
            raise ET.ParseError
        root = ET.fromstring(raw)  # noqa: S314 (no declarations, so no entities)
    except ET.ParseError:
        raise S3Error(400, "MalformedXML", "The XML is not well formed.") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def body_of(request: web.Request) -> tuple[AsyncIterator[bytes], str | None]:
    """The decoded body of an upload, and the SHA-256 it was signed with, if any."""
    signed = request.headers.get("x-amz-content-sha256", "")
    if signed.startswith("STREAMING-"):
        return aws_chunks(request.content), None
    digest = signed if re.fullmatch(r"[0-9a-f]{64}", signed) else None
    return request.content.iter_chunked(CHUNK), digest


async def aws_chunks(stream: StreamReader) -> AsyncIterator[bytes]:
    """The bytes inside ``aws-chunked`` framing (chunk signatures and trailers are not checked)."""
    while True:
        header = (await stream.readline()).strip()
        try:
            left = int(header.partition(b";")[0], 16)
        except ValueError:
            raise S3Error(400, "IncompleteBody", "The chunks of the body are broken.") from None
        if left == 0:
            break
        while left:
            data = await stream.read(min(left, CHUNK))
            if not data:
                raise S3Error(400, "IncompleteBody", "The body ended too early.")
            left -= len(data)
            yield data
        await stream.readline()
    while await stream.read(CHUNK):
        continue


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Begin and end (exclusive) of a single range; ``None`` for the whole; 416 outside."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not found or found[1] == found[2] == "":
        return None
    if found[1]:
        begin, end = int(found[1]), min(int(found[2] or size - 1) + 1, size)
    else:
        begin, end = max(0, size - int(found[2])), size
    if begin >= size or begin >= end:
        raise S3Error(416, "InvalidRange", "The requested range is not satisfiable.")
    return begin, end
