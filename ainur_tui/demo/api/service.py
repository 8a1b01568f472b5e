"""The parts of one API process, as its handlers see them."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from aiohttp import web

from ainur_tui.demo.api.database import Database
from ainur_tui.demo.api.load import Load
from ainur_tui.demo.api.log import Log
from ainur_tui.demo.api.metrics import Metrics
from ainur_tui.demo.api.node import Node
from ainur_tui.demo.api.orchestrator import Orchestrator
from ainur_tui.demo.switches import Switches

VERSION = "1.4.2"


@dataclass(frozen=True)
class Service:
    """One process of ``zerostate-api``."""

    machine: str
    shape: str
    database: Database
    node: Node
    orchestrator: Orchestrator
    metrics: Metrics
    zap: Log
    switches: Switches
    rng: random.Random
    load: Load
    maintenance: bool = False
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    fresh: bool = False
    """It was started after the others had hung: it does not."""
    bad_image: bool = False
    """Its image is the one of a bad release."""
    started: float = field(default_factory=time.time)

    @property
    def hung(self) -> bool:
        """Whether it answers nothing any more."""
        hangs = self.switches.on("api-hung") or self.load.chosen
        return hangs and not self.fresh and not self.ending.is_set()

    @property
    def failing(self) -> bool:
        """Whether some of its requests end in a 500."""
        bad = self.bad_image and self.switches.on("api-bad-release")
        return bad or self.switches.on("api-5xx")

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return time.time() - self.started


SERVICE = web.AppKey("service", Service)
