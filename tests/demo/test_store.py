"""The object store, asked by the client the console uses."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import obstore
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from botocore.config import Config  # type: ignore[import-untyped]
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from ainur_tui.config.types import Storage
from ainur_tui.demo import credentials
from ainur_tui.demo.service import free_port
from ainur_tui.demo.store.auth import Credentials, S3Error
from ainur_tui.demo.store.disk import Bucket, Record
from ainur_tui.demo.store.wire import aws_chunks
from ainur_tui.demo.switches import Switches
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.base import Context, Tools
from ainur_tui.systems.storage import uploads
from ainur_tui.systems.storage.client import Bucket as Ours
from ainur_tui.systems.storage.client import open_bucket
from ainur_tui.systems.storage.lifecycle import rules
from tests.demo.processes import answers, component
from tests.helpers import until
from tests.systems.web import RealClock

MIB = 1024 * 1024


@dataclass
class Place:
    directory: Path
    endpoint: str

    def client(self, bucket: str = "ainur-backups", key: str | None = None) -> S3Store:
        pair = Credentials.of(self.directory)
        return S3Store(
            bucket,
            endpoint=self.endpoint,
            access_key_id=pair.access_key_id,
            secret_access_key=key or pair.secret_access_key,
            region="auto",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    def bucket(self, name: str) -> Ours:
        """As the console opens it."""
        pair = Credentials.of(self.directory)
        section = Storage(
            endpoint=self.endpoint, access_key_id=pair.access_key_id,
            secret_access_key=pair.secret_access_key,
        )  # fmt: skip
        context = Context(
            "t", RealClock(), Redactor(), Tools(lambda _: None), lambda source: Secret(str(source))
        )
        return open_bucket(section, name, context)

    def files(self) -> int:
        return len(list((self.directory / "store" / "ainur-backups" / "data").iterdir()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("store")
    credentials.make(directory)
    port = free_port()
    with component("store", directory, "--port", port):
        answers(f"http://127.0.0.1:{port}/")
        yield Place(directory, f"http://127.0.0.1:{port}")


def test_an_object_is_what_was_put(place: Place) -> None:
    store, key = place.client(), "a folder/with ä+&= and %41.txt"
    put = obstore.put(store, key, b"0123456789", attributes={"Content-Type": "text/plain"})
    assert put["e_tag"] == f'"{hashlib.md5(b"0123456789").hexdigest()}"'
    assert obstore.get(store, key).bytes().to_bytes() == b"0123456789"
    assert obstore.get(store, key).attributes["Content-Type"] == "text/plain"
    assert obstore.get_range(store, key, start=2, end=5).to_bytes() == b"234"
    assert obstore.head(store, key)["size"] == 10
    obstore.copy(store, key, "copy")
    assert obstore.get(store, "copy").bytes().to_bytes() == b"0123456789"
    obstore.delete(store, [key, "copy"])
    with pytest.raises(FileNotFoundError):
        obstore.get(store, key)
    assert place.files() == 0


def test_a_conditional_put_never_replaces(place: Place) -> None:
    store = place.client()
    obstore.put(store, "once", b"first", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "once", b"second", mode="create")
    assert obstore.get(store, "once").bytes().to_bytes() == b"first"
    obstore.delete(store, "once")
    assert place.files() == 0


def test_listing_pages_and_folders(place: Place) -> None:
    store = place.client("ainur-agents-prod")
    keys = [f"agents/{number:04d}" for number in range(1005)]
    bucket = Bucket(place.directory / "store" / "ainur-agents-prod")
    for key in (*keys, "top"):
        bucket.publish(key, Record(0, "0" * 32, 1_700_000_000.0, []))
    found = [entry["path"] for page in obstore.list(store, "agents/") for entry in page]
    assert found == keys
    after = [entry["path"] for page in obstore.list(store, offset="agents/1000") for entry in page]
    assert after == [*keys[1001:], "top"]
    folder = obstore.list_with_delimiter(store)
    assert list(folder["common_prefixes"]) == ["agents"]
    assert [entry["path"] for entry in folder["objects"]] == ["top"]


def test_a_multipart_upload_moves_no_bytes_twice(place: Place) -> None:
    store, data = place.client(), os.urandom(12 * MIB + 3)
    put = obstore.put(store, "big", data, use_multipart=True, chunk_size=5 * MIB)
    assert str(put["e_tag"]).endswith('-3"')
    assert obstore.get(store, "big").bytes().to_bytes() == data
    edge = slice(5 * MIB - 2, 10 * MIB + 2)
    assert obstore.get_range(store, "big", start=edge.start, end=edge.stop).to_bytes() == data[edge]
    assert place.files() == 3
    obstore.delete(store, "big")
    assert place.files() == 0


def test_the_key_pair_is_checked(place: Place) -> None:
    with pytest.raises((PermissionDeniedError, UnauthenticatedError)):
        obstore.put(place.client(key="wrong"), "x", b"x")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{place.endpoint}/ainur-backups/x")
    with refused.value as answer:
        assert answer.code == 403
        assert b"<Code>AccessDenied</Code>" in answer.read()
    with pytest.raises(FileNotFoundError, match="NoSuchBucket"):
        obstore.put(place.client("no-such-bucket"), "x", b"x")


def test_refused_writes_leave_reads_alone(place: Place) -> None:
    store, switches = place.client(), Switches(place.directory)
    obstore.put(store, "kept", b"kept")
    switches.set("storage-refuses-writes", on=True)
    for refused in (
        lambda: obstore.put(store, "new", b"n"),
        lambda: obstore.put(store, "new", os.urandom(6 * MIB), use_multipart=True),
        lambda: obstore.delete(store, "kept"),
    ):
        with pytest.raises(BaseError):
            refused()
    assert obstore.get(store, "kept").bytes().to_bytes() == b"kept"
    switches.set("storage-refuses-writes", on=False)
    obstore.delete(store, "kept")
    assert place.files() == 0


def test_another_client_finds_the_same_store(place: Place) -> None:
    pair, bucket = Credentials.of(place.directory), "ainur-agents-backup"
    client = boto3.client(
        "s3", endpoint_url=place.endpoint, region_name="us-east-1",
        aws_access_key_id=pair.access_key_id, aws_secret_access_key=pair.secret_access_key,
        config=Config(s3={"addressing_style": "path"}),
    )  # fmt: skip
    assert bucket in {found["Name"] for found in client.list_buckets()["Buckets"]}
    upload = client.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    about = {"Bucket": bucket, "Key": "m", "UploadId": upload}
    tags = [
        client.upload_part(**about, PartNumber=number, Body=b"x" * size)["ETag"]
        for number, size in ((1, 5 * MIB), (2, 7))
    ]
    uploads = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [found["UploadId"] for found in uploads] == [upload]
    assert [part["Size"] for part in client.list_parts(**about)["Parts"]] == [5 * MIB, 7]
    wanted = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    client.complete_multipart_upload(**about, MultipartUpload={"Parts": wanted})
    assert client.head_object(Bucket=bucket, Key="m")["ContentLength"] == 5 * MIB + 7
    late = client.create_multipart_upload(Bucket=bucket, Key="late")["UploadId"]
    client.abort_multipart_upload(Bucket=bucket, Key="late", UploadId=late)
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
    client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "m"}]})
    assert "Contents" not in client.list_objects_v2(Bucket=bucket)


async def test_aws_chunks_are_taken_apart() -> None:
    async def decoded(raw: bytes) -> bytes:
        stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
        stream.feed_data(raw)
        stream.feed_eof()
        return b"".join([chunk async for chunk in aws_chunks(stream)])

    signed = b"5;chunk-signature=ab\r\nhello\r\n6;chunk-signature=cd\r\n world\r\n"
    end = b"0;chunk-signature=ef\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"
    assert await decoded(signed + end) == b"hello world"
    for broken in (b"5;x\r\nhel", b"zz\r\n", b""):
        with pytest.raises(S3Error) as refused:
            await decoded(broken)
        assert refused.value.code == "IncompleteBody"


async def test_uploads_are_completed_by_their_parts_or_not_at_all(tmp_path: Path) -> None:
    bucket = Bucket(tmp_path / "b")

    async def part(size: int) -> Record:
        async def body() -> AsyncIterator[bytes]:
            yield b"x" * size

        return await bucket.receive(body(), None)

    upload = bucket.begin("k", {})
    parts = [await part(100), await part(7)]
    for number, record in enumerate(parts, 1):
        bucket.add_part(upload, number, record)
    wanted = [(1, parts[0].etag), (2, parts[1].etag)]
    for wrong, code in (
        ([(2, parts[1].etag), (1, parts[0].etag)], "InvalidPartOrder"),
        ([(1, parts[1].etag)], "InvalidPart"),
        (wanted, "EntityTooSmall"),
    ):
        with pytest.raises(S3Error) as refused:
            bucket.complete(upload, wrong, exclusive=False)
        assert refused.value.code == code
    bucket.abort(upload)
    assert list((tmp_path / "b" / "data").iterdir()) == []


async def test_a_new_bucket_has_a_rule_as_one_of_r2_does(place: Place) -> None:
    (rule,) = await rules(place.bucket("ainur-backups"))
    assert (rule.days, rule.abort) == (None, 7)


async def test_forgotten_uploads_use_the_quota_up_until_they_are_aborted(place: Place) -> None:
    switches, store = Switches(place.directory), place.client()

    def refused() -> bool:
        try:
            obstore.put(store, "one-more", b"x")
        except BaseError as error:
            return "QuotaExceeded" in str(error)
        return False

    obstore.put(store, "before", b"x")
    switches.set("storage-full-of-uploads", on=True)
    try:
        await asyncio.to_thread(until, refused, 10, "it has no room left")
        assert obstore.get(store, "before").bytes() == b"x"
        left = await uploads.left_over([place.bucket("ainur-agents-prod")], time.time())
        assert len(left) == 6
        for bucket, upload in left:
            await bucket.multipart.abort(upload)
        assert not refused()
    finally:
        switches.set("storage-full-of-uploads", on=False)
