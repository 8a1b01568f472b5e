"""The object store: what answers, what refuses, what is left behind."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator

import msgspec
import pytest

from ainur_tui.config.types import Environment, SecretSource, Storage
from ainur_tui.model.failure import ProbeFailure, Refused
from ainur_tui.model.secret import Redactor, Secret
from ainur_tui.systems.acting import AlreadySo
from ainur_tui.systems.base import Clock, Context, Probe, Sample, Tools
from ainur_tui.systems.storage import uploads
from ainur_tui.systems.storage.client import Bucket, open_bucket
from ainur_tui.systems.storage.errors import failure
from ainur_tui.systems.storage.system import connect
from ainur_tui.systems.system import System
from tests.systems.conftest import Store
from tests.systems.faulty import FaultyStore
from tests.systems.flyfake import Steps
from tests.systems.flyworld import world


def resolve(source: SecretSource) -> Secret:
    assert isinstance(source, str)
    return Secret(source)


def context(clock: Clock) -> Context:
    return Context("test", clock, Redactor(), Tools(lambda _: None), resolve)


def bucket(section: Storage, clock: Clock, name: str = "ainur-backups") -> Bucket:
    return open_bucket(section, name, context(clock))


def connected(section: Storage, clock: Clock) -> System:
    found = connect(Environment(name="test", storage=section), context(clock))
    assert found is not None
    return found


def probe(system: System, name: str) -> Probe:
    return next(probe for probe in system.probes if probe.name == name)


def values(sample: Sample) -> dict[tuple[str, str], float | None]:
    return {(r.target, r.signal): r.value for r in sample.readings}


async def test_buckets_answer_take_an_object_and_are_left_as_they_were(
    s3: Store, clock: Clock
) -> None:
    system = connected(s3.section, clock)
    assert [t.name for t in system.targets] == [
        "storage", "storage/ainur-backups", "storage/ainur-agents",
    ]  # fmt: skip
    sample = await probe(system, "storage.buckets").read()
    found = values(sample)
    assert found["storage", "storage.up"] == 1.0
    assert found["storage/ainur-agents", "bucket.up"] == 1.0
    assert 0 < (found["storage", "storage.latency"] or 0) < 5
    assert [row.cells[1] for row in sample.tables[0].rows] == ["answers", "answers"]
    written = await probe(system, "storage.write").read()
    assert values(written) == {("storage", "storage.write"): 1.0}
    assert await bucket(s3.section, clock).list(".ainur-tui/") == []


async def test_a_bucket_that_is_not_there_is_its_own_trouble(s3: Store, clock: Clock) -> None:
    section = msgspec.structs.replace(s3.section, buckets=["nowhere"])
    found = values(await probe(connected(section, clock), "storage.buckets").read())
    assert found["storage", "storage.up"] == 1.0
    assert found["storage/nowhere", "bucket.up"] == 0.0


async def test_nothing_listens(s3: Store, clock: Clock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    section = msgspec.structs.replace(s3.section, endpoint=f"http://127.0.0.1:{port}")
    for each in connected(section, clock).probes:
        if each.name == "storage.uploads":
            continue  # that it cannot look is none of the store's trouble
        with pytest.raises(ProbeFailure) as caught:
            await each.read()
        assert caught.value.kind == "refused"


async def test_refused_writes_are_the_finding(s3: Store, clock: Clock) -> None:
    with FaultyStore(s3.endpoint) as faulty:
        faulty.refuse("PUT", "")
        section = msgspec.structs.replace(s3.section, endpoint=faulty.endpoint)
        system = connected(section, clock)
        assert values(await probe(system, "storage.buckets").read())["storage", "storage.up"] == 1
        sample = await probe(system, "storage.write").read()
    assert sample.readings[0].value == 0.0
    assert "503" in (sample.readings[0].note or "")
    assert probe(system, "storage.write").signals[0].trouble == "refuses writes"


async def test_silence_ends_at_the_deadline(s3: Store, clock: Clock) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        section = msgspec.structs.replace(
            s3.section, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3
        )
        with pytest.raises(ProbeFailure) as caught:
            await probe(connected(section, clock), "storage.buckets").read()
    assert caught.value.kind == "timeout"


async def test_an_upload_of_unknown_length_comes_back_the_same(s3: Store, clock: Clock) -> None:
    import hashlib

    data = os.urandom(1 << 20)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield data

    there = bucket(s3.section, clock)
    await there.upload("big", chunks(), 5 << 20)
    assert await there.digest("big") == (12 << 20, hashlib.sha256(data * 12).hexdigest())
    await there.delete("big")
    assert await there.head("big") is None


async def test_a_part_that_fails_is_sent_again_by_itself(s3: Store, clock: Clock) -> None:
    data = os.urandom(5 << 20)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield data

    with FaultyStore(s3.endpoint) as faulty:
        faulty.refuse("PUT", "partNumber=2", times=2)
        there = bucket(msgspec.structs.replace(s3.section, endpoint=faulty.endpoint), clock)
        await there.upload("patient", chunks(), 5 << 20)
    sent = [one for one in faulty.seen if "partNumber=" in one]
    assert [sum(f"partNumber={n}" in one for one in sent) for n in (1, 2, 3)] == [1, 3, 1]
    assert sum(one.startswith("POST") and "uploads" in one for one in faulty.seen) == 1
    whole = bucket(s3.section, clock)
    found = await whole.head("patient")
    assert found is not None
    assert found.size == 15 << 20
    await whole.delete("patient")


async def test_unfinished_uploads_are_found_and_aborted(s3: Store, clock: Clock) -> None:
    import boto3

    client = boto3.client(
        "s3", endpoint_url=s3.endpoint, aws_access_key_id="canary-key-id",
        aws_secret_access_key="canary-secret", region_name="us-east-1", verify=False,
    )  # fmt: skip
    client.create_multipart_upload(Bucket="ainur-backups", Key="left/over & more")
    client.create_multipart_upload(Bucket="ainur-backups", Key="other")
    uploads = bucket(s3.section, clock).multipart
    found = await uploads.list("left/")
    assert [upload.key for upload in found] == ["left/over & more"]
    assert abs(found[0].at - clock.now()) < 1e9
    await uploads.abort(found[0])
    assert await uploads.list("left/") == []
    assert len(await uploads.list("other")) == 1
    await uploads.abort((await uploads.list("other"))[0])


class Later:
    """Long from now: the server's own clock says when an upload was begun."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now() + 60 * 365 * 86400

    def monotonic(self) -> float:
        return self._clock.monotonic()


async def test_uploads_that_nobody_finishes_are_named_and_removed(s3: Store, clock: Clock) -> None:
    import boto3

    client = boto3.client(
        "s3", endpoint_url=s3.endpoint, aws_access_key_id="canary-key-id",
        aws_secret_access_key="canary-secret", region_name="us-east-1", verify=False,
    )  # fmt: skip
    environment = Environment(name="test", storage=s3.section)
    later = Later(clock)
    before = connected(s3.section, later)
    act = next(one for one in before.actions if one.spec.name == "uploads-abort")
    with pytest.raises(AlreadySo):
        await act.plan("storage", {}, world())
    [told] = await uploads.examine(environment, context(later))
    assert told.state == "ok"
    client.create_multipart_upload(Bucket="ainur-agents", Key="wasm/a & b")
    [reading] = (await probe(before, "storage.uploads").read()).readings
    assert reading.value == 1.0
    assert "ainur-agents/wasm/a" in (reading.note or "")
    [told] = await uploads.examine(environment, context(later))
    assert (told.state, "uploads-abort storage" in told.words) == ("warn", True)
    plan = await act.plan("storage", {}, world())
    assert any("ainur-agents/wasm/a" in fact for fact in plan.facts)
    assert (await act.observe(plan)).state == "failed"
    steps = Steps(later)
    assert await act.steps(plan)[0].work(steps) == "1 aborted"
    assert (await act.observe(plan)).state == "verified"
    assert client.list_multipart_uploads(Bucket="ainur-agents").get("Uploads", []) == []
    with pytest.raises(Refused):
        await act.plan("storage", {"all": "1"}, world())
    gone = msgspec.structs.replace(s3.section, endpoint="http://127.0.0.1:1", timeout=0.5)
    [reading] = (await probe(connected(gone, clock), "storage.uploads").read()).readings
    assert (reading.value, "not listed" in (reading.note or "")) == (None, True)


async def test_what_exists_is_not_written_over(s3: Store, clock: Clock) -> None:
    there = bucket(s3.section, clock)
    await there.put("one", b"1", fresh=True)
    with pytest.raises(ProbeFailure):
        await there.put("one", b"2", fresh=True)
    assert await there.get("one") == b"1"
    with pytest.raises(ProbeFailure) as caught:
        await there.get("one", limit=0)
    assert caught.value.kind == "too large"
    await there.delete("one")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("status code: 403 Forbidden: <Code>AccessDenied</Code>", "forbidden"),
        ("status code: 403 Forbidden: <Code>SignatureDoesNotMatch</Code>", "auth"),
        ("status code: 503 : <Code>SlowDown</Code>", "rate limited"),
        ("status code: 500 Internal", "unavailable"),
        ("x\nkind: Connect dns error: failed to lookup", "dns"),
        ("x\ninvalid peer certificate", "tls"),
        ("something \x1b[2J else", "bad answer"),
    ],
)
def test_errors_become_failures(text: str, kind: str) -> None:
    found = failure(RuntimeError(text), "bucket b", Redactor())
    assert found.kind == kind
    assert str(found).isprintable()


def test_placeholders_and_emptiness_are_not_configured(s3: Store, clock: Clock) -> None:
    for section in (
        msgspec.structs.replace(s3.section, endpoint="https://<account-id>.r2.example.net"),
        msgspec.structs.replace(s3.section, buckets=[], probe_bucket=None),
    ):
        assert connect(Environment(storage=section), context(clock)) is None
    assert connect(Environment(), context(clock)) is None
