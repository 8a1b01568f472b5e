"""Connects the object store."""

from __future__ import annotations

import re
import uuid

from ainur_tui.config.types import Environment
from ainur_tui.model.target import Target
from ainur_tui.systems.acting import Action
from ainur_tui.systems.base import Context, Probe
from ainur_tui.systems.storage.client import open_bucket
from ainur_tui.systems.storage.drift import DriftProbe
from ainur_tui.systems.storage.probes import BucketsProbe, WriteProbe, bucket_target
from ainur_tui.systems.storage.sync import Sync
from ainur_tui.systems.storage.uploads import AbortUploads, UploadsProbe
from ainur_tui.systems.storage.usage import UsageProbe
from ainur_tui.systems.system import System

_PLACEHOLDER = re.compile(r"your[-_ ]|<[^>]*>|example\.(com|org|net)", re.IGNORECASE)


def connect(environment: Environment, context: Context) -> System | None:
    """The store of the configuration; ``None`` without a section, bucket or real endpoint.

    Raises ``SecretMissing`` when a credential's reference leads nowhere.
    """
    section = environment.storage
    if section is None or _PLACEHOLDER.search(section.endpoint):
        return None
    names = list(dict.fromkeys([*filter(None, [section.probe_bucket]), *section.buckets]))
    if not names:
        return None
    buckets = [open_bucket(section, name, context) for name in names]
    probes: list[Probe] = [BucketsProbe(buckets, section, context.clock)]
    if section.probe_bucket:
        probes.append(WriteProbe(buckets[0], section, context.clock, uuid.uuid4().hex))
    probes.append(UsageProbe(buckets, section, context.clock))
    probes.append(UploadsProbe(buckets, section.interval, context.clock))
    actions: tuple[Action, ...] = (AbortUploads(buckets, context.clock),)
    if section.sync:
        both = dict.fromkeys([*section.sync, *section.sync.values()])
        known = {name: open_bucket(section, name, context) for name in both}
        pairs = {known[source]: known[copy] for source, copy in section.sync.items()}
        probes.append(DriftProbe(pairs, section, context.clock))
        actions += (Sync(section.sync, known, context.clock),)
    store = Target(name="storage", kind="storage", title="object storage")
    targets = (store, *map(bucket_target, names))
    return System("storage", targets, tuple(probes), actions=actions)
