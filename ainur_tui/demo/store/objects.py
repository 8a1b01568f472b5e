"""Objects and multipart uploads of the S3 interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import unquote

from aiohttp import web

from ainur_tui.demo.store.auth import S3Error
from ainur_tui.demo.store.disk import Bucket, Record
from ainur_tui.demo.store.wire import answer, body_of, byte_range, http_date, parsed, when, xml

KEPT = ("content-type", "content-encoding", "cache-control", "content-disposition")


def kept_headers(request: web.Request) -> dict[str, str]:
    """The headers an object keeps and gives back."""
    found = {k.lower(): v for k, v in request.headers.items()}
    kept = {k: v for k, v in found.items() if k in KEPT or k.startswith("x-amz-meta-")}
    encodings = [e for e in kept.pop("content-encoding", "").split(",") if e.strip()]
    rest = ",".join(e.strip() for e in encodings if e.strip() != "aws-chunked")
    return kept | ({"content-encoding": rest} if rest else {})


def exclusive(request: web.Request) -> bool:
    """Whether the object must not exist yet."""
    return request.headers.get("If-None-Match", "").strip() == "*"


async def put(request: web.Request, bucket: Bucket, key: str) -> web.Response:
    """PutObject and CopyObject."""
    source = request.headers.get("x-amz-copy-source")
    if source is not None:
        return await _copy(request, bucket, key, unquote(source).lstrip("/"))
    body, digest = body_of(request)
    record = await bucket.receive(body, digest)
    record.headers = kept_headers(request)
    bucket.publish(key, record, exclusive=exclusive(request))
    return web.Response(headers={"ETag": f'"{record.etag}"'})


async def _copy(request: web.Request, bucket: Bucket, key: str, source: str) -> web.Response:
    name, _, source_key = source.partition("/")
    other: Bucket = request.app[BUCKETS].get(name) or bucket
    record = other.get(source_key)

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in other.read(record, 0, record.size):
            yield chunk

    copy = await bucket.receive(chunks(), None)
    copy.headers = record.headers
    bucket.publish(key, copy, exclusive=exclusive(request))
    children = (("LastModified", when(copy.modified)), ("ETag", f'"{copy.etag}"'))
    return answer(xml("CopyObjectResult", *children))


def _about(record: Record) -> dict[str, str]:
    return {
        "Content-Type": "application/octet-stream",
        **record.headers,
        "ETag": f'"{record.etag}"',
        "Last-Modified": http_date(record.modified),
        "Accept-Ranges": "bytes",
    }


async def get(request: web.Request, bucket: Bucket, key: str) -> web.StreamResponse:
    """GetObject and HeadObject, whole or a range."""
    record = bucket.get(key)
    etags = request.headers.get("If-Match")
    if etags and record.etag not in etags and etags != "*":
        raise S3Error(412, "PreconditionFailed", "The object is another one now.")
    if record.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304)
    headers = {k.title(): v for k, v in _about(record).items()}
    headers["ETag"] = headers.pop("Etag")
    part = byte_range(request.headers.get("Range"), record.size)
    begin, end = part or (0, record.size)
    headers["Content-Length"] = str(end - begin)
    if part:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{record.size}"
    sent = web.StreamResponse(status=206 if part else 200, headers=headers)
    await sent.prepare(request)
    if request.method != "HEAD":
        for chunk in bucket.read(record, begin, end):
            await sent.write(chunk)
    await sent.write_eof()
    return sent


async def delete(bucket: Bucket, key: str) -> web.Response:
    """DeleteObject."""
    bucket.delete(key)
    return web.Response(status=204)


async def begin(request: web.Request, bucket: Bucket, key: str) -> web.Response:
    """CreateMultipartUpload."""
    upload_id = bucket.begin(key, kept_headers(request))
    children = (("Bucket", bucket.path.name), ("Key", key), ("UploadId", upload_id))
    return answer(xml("InitiateMultipartUploadResult", *children))


async def put_part(request: web.Request, bucket: Bucket) -> web.Response:
    """UploadPart."""
    number, upload_id = request.query.get("partNumber", ""), request.query["uploadId"]
    if not number.isdigit() or not 1 <= int(number) <= 10_000:
        raise S3Error(400, "InvalidArgument", "Part number must be between 1 and 10000.")
    bucket.upload(upload_id)
    body, digest = body_of(request)
    part = await bucket.receive(body, digest)
    try:
        bucket.add_part(upload_id, int(number), part)
    except S3Error:
        # The upload was aborted while the part came in.
        bucket.forget(part)
        raise
    return web.Response(headers={"ETag": f'"{part.etag}"'})


async def complete(request: web.Request, bucket: Bucket, key: str) -> web.Response:
    """CompleteMultipartUpload."""
    upload_id = request.query["uploadId"]
    bucket.upload(upload_id)
    wanted = []
    for part in await parsed(request):
        number, etag = part.findtext("PartNumber", ""), part.findtext("ETag", "")
        if not number.strip().isdigit():
            raise S3Error(400, "MalformedXML", "PartNumber is not a number.")
        wanted.append((int(number), etag.strip()))
    record = bucket.complete(upload_id, wanted, exclusive=exclusive(request))
    children = (
        ("Location", f"/{bucket.path.name}/{key}"), ("Bucket", bucket.path.name), ("Key", key),
        ("ETag", f'"{record.etag}"'),
    )  # fmt: skip
    return answer(xml("CompleteMultipartUploadResult", *children))


async def abort(request: web.Request, bucket: Bucket) -> web.Response:
    """AbortMultipartUpload."""
    bucket.abort(request.query["uploadId"])
    return web.Response(status=204)


async def parts(request: web.Request, bucket: Bucket, key: str) -> web.Response:
    """ListParts."""
    upload_id = request.query["uploadId"]
    found = sorted(bucket.upload(upload_id).parts.items())
    rows = [
        ("Part", [("PartNumber", number), ("LastModified", when(part.modified)),
                  ("ETag", f'"{part.etag}"'), ("Size", part.size)])
        for number, part in found
    ]  # fmt: skip
    head = (("Bucket", bucket.path.name), ("Key", key), ("UploadId", upload_id))
    return answer(xml("ListPartsResult", *head, ("IsTruncated", False), *rows))


BUCKETS: web.AppKey[dict[str, Bucket]] = web.AppKey("buckets")
