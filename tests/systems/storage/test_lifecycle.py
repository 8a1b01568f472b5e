"""What a bucket removes by itself is told, and is trouble where it would be a backup."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ainur_tui.config.types import Backup, Environment
from ainur_tui.systems.base import Clock
from ainur_tui.systems.examined import Examined
from ainur_tui.systems.storage.lifecycle import examine, rules
from tests.systems.conftest import Store
from tests.systems.storage.test_storage import bucket, connected, context, probe, values

ABORT = """<Rule><ID>tidy</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>
<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>
</AbortIncompleteMultipartUpload></Rule>"""
EXPIRE = """<Rule><ID>old &amp; gone</ID><Status>{status}</Status>
<Filter><Prefix>{prefix}</Prefix></Filter><Expiration><Days>14</Days></Expiration></Rule>"""


@contextmanager
def ruled(s3: Store, *given: str) -> Iterator[None]:
    url = f"{s3.endpoint}/ainur-backups?lifecycle"
    body = f"<LifecycleConfiguration>{''.join(given)}</LifecycleConfiguration>".encode()
    urllib.request.urlopen(
        urllib.request.Request(url, body, {"Content-Type": "application/xml"}, method="PUT")
    ).close()
    try:
        yield
    finally:
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()


async def told(s3: Store, clock: Clock, backup: Backup | None = None) -> list[Examined]:
    environment = Environment(name="test", storage=s3.section, backup=backup)
    found = await examine(environment, context(clock))
    return [one for one in found if one.name == "rules of ainur-backups"]


async def test_no_rule_is_told_too(s3: Store, clock: Clock) -> None:
    (one,) = await told(s3, clock)
    assert (one.state, one.words) == ("ok", "no lifecycle rule: it removes nothing by itself")
    assert await examine(Environment(name="test"), context(clock)) == []


async def test_rules_in_force_are_read_and_others_are_not(s3: Store, clock: Clock) -> None:
    off = EXPIRE.format(status="Disabled", prefix="tmp/")
    with ruled(s3, ABORT, off):
        (rule,) = await rules(bucket(s3.section, clock))
        (one,) = await told(s3, clock)
    assert (rule.days, rule.abort, rule.other) == (None, 7, False)
    assert (one.state, one.words) == ("ok", "tidy: aborts unfinished uploads after 7 days")


@pytest.mark.parametrize(
    ("prefix", "state"), [("", "warn"), ("database/", "warn"), ("data", "warn"), ("logs/", "ok")]
)
async def test_a_rule_that_takes_backups_is_trouble(
    s3: Store, clock: Clock, prefix: str, state: str
) -> None:
    with ruled(s3, EXPIRE.format(status="Enabled", prefix=prefix)):
        (one,) = await told(s3, clock, Backup(bucket="ainur-backups", keep_days=30))
    assert one.state == state
    assert one.words.startswith("old & gone: removes objects 14 days after they were written")
    assert ("before the 30 days of backup.keep_days" in one.words) == (state == "warn")


async def test_a_bucket_is_counted(s3: Store, clock: Clock) -> None:
    await bucket(s3.section, clock, "ainur-agents").put("one.wasm", b"x" * 1000)
    try:
        found = values(await probe(connected(s3.section, clock), "storage.usage").read())
    finally:
        await bucket(s3.section, clock, "ainur-agents").delete("one.wasm")
    assert found["storage/ainur-agents", "bucket.bytes"] == 1000
    assert found["storage/ainur-agents", "bucket.objects"] == 1
