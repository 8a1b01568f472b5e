"""The object store process: an S3-compatible store on disk, path-style, one key pair."""

from __future__ import annotations

import asyncio
import base64
import re
import sys
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from ainur_tui.demo.service import arguments, run, serve, until_stopped
from ainur_tui.demo.store import objects
from ainur_tui.demo.store.auth import Credentials, S3Error
from ainur_tui.demo.store.disk import Bucket
from ainur_tui.demo.store.quota import Quota
from ainur_tui.demo.store.wire import answer, error_answer, parsed, when, xml
from ainur_tui.demo.switches import Switches

BUCKETS = ("ainur-backups", "ainur-agents-prod", "ainur-agents-backup")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PAGE = 1000
LIFECYCLE = "lifecycle.xml"
NEW = xml("LifecycleConfiguration", ("Rule", [
    ("ID", "Default Multipart Abort Rule"), ("Status", "Enabled"), ("Filter", [("Prefix", "")]),
    ("AbortIncompleteMultipartUpload", [("DaysAfterInitiation", 7)]),
]))  # fmt: skip
"""What a new bucket of R2 comes with."""
WRITES = {"PUT", "POST", "DELETE"}


class Store:
    """The routes: what a path and a query mean, who may, and errors as XML."""

    def __init__(self, root: Path, credentials: Credentials, switches: Switches) -> None:
        self._root = root
        self._credentials = credentials
        self._switches = switches
        root.mkdir(parents=True, exist_ok=True)
        self.buckets = {path.name: Bucket(path) for path in sorted(root.iterdir())}
        self.quota = Quota(self.buckets)

    def application(self) -> web.Application:
        """The aiohttp application to serve."""
        application = web.Application(client_max_size=0)
        application[objects.BUCKETS] = self.buckets
        application.router.add_route("*", "/{path:.*}", self.handle)
        return application

    def make(self, name: str) -> Bucket:
        """Create a bucket; the present one when it is there."""
        if not BUCKET_NAME.fullmatch(name):
            raise S3Error(400, "InvalidBucketName", "The specified bucket is not valid.")
        if name not in self.buckets:
            self.buckets[name] = Bucket(self._root / name)
            (self._root / name / LIFECYCLE).write_text(NEW)
        return self.buckets[name]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.raw_path.partition("?")[0]
        try:
            self._credentials.check(request)
            if request.method in WRITES and self._switches.on("storage-refuses-writes"):
                raise S3Error(403, "AccessDenied", "Access Denied: writes are refused.")
            self.quota.check(request)
            bucket, _, key = unquote(path[1:]).partition("/")
            return await self._route(request, bucket, key)
        except S3Error as error:
            # Clients read the answer only after they have sent their body.
            while await request.content.readany():
                continue
            return error_answer(error, path, head=request.method == "HEAD")

    async def _route(self, request: web.Request, name: str, key: str) -> web.StreamResponse:
        method, query = request.method, request.query
        if not name:
            return self._list_buckets()
        if not key and method == "PUT" and "lifecycle" not in request.query:
            self.make(name)
            return web.Response(headers={"Location": f"/{name}"})
        bucket = self.buckets.get(name)
        if bucket is None:
            raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist.")
        if not key:
            return await self._bucket(request, bucket)
        match method, "uploadId" in query, "uploads" in query:
            case "GET", True, _:
                return await objects.parts(request, bucket, key)
            case "GET" | "HEAD", _, _:
                return await objects.get(request, bucket, key)
            case "PUT", True, _:
                return await objects.put_part(request, bucket)
            case "PUT", _, _:
                return await objects.put(request, bucket, key)
            case "POST", _, True:
                return await objects.begin(request, bucket, key)
            case "POST", True, _:
                return await objects.complete(request, bucket, key)
            case "DELETE", True, _:
                return await objects.abort(request, bucket)
            case "DELETE", _, _:
                return await objects.delete(bucket, key)
        raise S3Error(405, "MethodNotAllowed", "The method is not allowed here.")

    def _list_buckets(self) -> web.Response:
        rows = [
            ("Bucket", [("Name", name), ("CreationDate", when(bucket.path.stat().st_ctime))])
            for name, bucket in sorted(self.buckets.items())
        ]
        owner = ("Owner", [("ID", "ainur"), ("DisplayName", "ainur")])
        return answer(xml("ListAllMyBucketsResult", owner, ("Buckets", rows)))

    async def _bucket(self, request: web.Request, bucket: Bucket) -> web.Response:
        method, query = request.method, request.query
        if method == "HEAD":
            return web.Response()
        if method == "GET" and "uploads" in query:
            return _list_uploads(bucket, query.get("prefix", ""))
        if "lifecycle" in query:
            return await _lifecycle(request, bucket)
        if method == "GET" and "location" in query:
            return answer(xml("LocationConstraint"))
        if method == "GET":
            return _list_objects(request, bucket)
        if method == "POST" and "delete" in query:
            return await _delete_many(request, bucket)
        if method == "DELETE":
            return self._remove(bucket)
        raise S3Error(405, "MethodNotAllowed", "The method is not allowed here.")

    def _remove(self, bucket: Bucket) -> web.Response:
        if bucket.keys():
            raise S3Error(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
        for upload_id in list(bucket.uploads):
            bucket.abort(upload_id)
        del self.buckets[bucket.path.name]
        (bucket.path / LIFECYCLE).unlink(missing_ok=True)
        for folder in ("records", "data", ""):
            (bucket.path / folder).rmdir()
        return web.Response(status=204)


async def _lifecycle(request: web.Request, bucket: Bucket) -> web.Response:
    """The bucket's own rules: kept and told as they were given, not carried out."""
    path = bucket.path / LIFECYCLE
    match request.method:
        case "GET" if path.exists():
            return answer(path.read_text())
        case "GET":
            raise S3Error(404, "NoSuchLifecycleConfiguration", "There is no such configuration.")
        case "PUT":
            path.write_bytes(await request.read())
            return web.Response()
        case "DELETE":
            path.unlink(missing_ok=True)
            return web.Response(status=204)
    raise S3Error(405, "MethodNotAllowed", "The method is not allowed here.")


def _list_objects(request: web.Request, bucket: Bucket) -> web.Response:
    query = request.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    after = query.get("start-after") or query.get("marker") or ""
    try:
        limit = min(int(query.get("max-keys") or PAGE), PAGE)
        if query.get("continuation-token"):
            after = base64.urlsafe_b64decode(query["continuation-token"]).decode()
    except ValueError:
        raise S3Error(400, "InvalidArgument", "max-keys or continuation-token is wrong.") from None
    rows: dict[str, list[tuple[str, object]] | None] = {}
    last, more = after, False
    for key in bucket.keys(prefix):
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        name = key if cut < 0 else key[: cut + len(delimiter)]
        if key <= after or name in rows or (cut >= 0 and after.startswith(name)):
            continue
        if len(rows) >= limit:
            more = True
            break
        rows[name], last = None, name
        if cut < 0:
            record = bucket.get(key)
            rows[name] = [
                ("Key", key), ("LastModified", when(record.modified)),
                ("ETag", f'"{record.etag}"'), ("Size", record.size), ("StorageClass", "STANDARD"),
            ]  # fmt: skip
    token = base64.urlsafe_b64encode(last.encode()).decode()
    return answer(
        xml(
            "ListBucketResult",
            ("Name", bucket.path.name), ("Prefix", prefix), ("Delimiter", delimiter or None),
            ("KeyCount", len(rows)), ("MaxKeys", limit), ("IsTruncated", more),
            ("NextContinuationToken", token if more else None),
            *(("Contents", row) for row in rows.values() if row is not None),
            *(("CommonPrefixes", [("Prefix", n)]) for n, row in rows.items() if row is None),
        )
    )  # fmt: skip


def _list_uploads(bucket: Bucket, prefix: str) -> web.Response:
    rows = [
        ("Upload", [("Key", up.key), ("UploadId", key), ("Initiated", when(up.begun))])
        for key, up in sorted(bucket.uploads.items(), key=lambda item: item[1].key)
        if up.key.startswith(prefix)
    ]
    head = (("Bucket", bucket.path.name), ("Prefix", prefix), ("IsTruncated", False))
    return answer(xml("ListMultipartUploadsResult", *head, *rows))


async def _delete_many(request: web.Request, bucket: Bucket) -> web.Response:
    rows: list[tuple[str, object]] = []
    quiet = False
    for element in await parsed(request):
        if element.tag == "Quiet":
            quiet = (element.text or "").strip() == "true"
        elif element.tag == "Object":
            key = element.findtext("Key", "")
            bucket.delete(key)
            rows.append(("Deleted", [("Key", key)]))
    return answer(xml("DeleteResult", *([] if quiet else rows)))


async def main(directory: Path, port: int) -> None:
    """Serve the store until told to stop."""
    switches = Switches(directory)
    store = Store(directory / "store", Credentials.of(directory), switches)
    for name in BUCKETS:
        store.make(name)
    server = await serve(store.application(), port, grace=1.0)
    filling = asyncio.create_task(store.quota.follow(switches))
    await until_stopped()
    filling.cancel()
    await asyncio.gather(filling, return_exceptions=True)
    await server.cleanup()


if __name__ == "__main__":
    given = arguments("ainur_tui.demo.store", ("--port", {"type": int, "required": True}))
    sys.exit(run(main(given.dir, given.port)))
