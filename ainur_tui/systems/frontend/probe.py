"""Is the frontend up, as its users see it?"""

from __future__ import annotations

from ainur_tui.config.types import Frontend
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.answers import Answer
from ainur_tui.systems.base import Probe, Sample
from ainur_tui.systems.frontend.page import Page, read_page
from ainur_tui.systems.http import ANEW, HttpClient

_UP = Signal(
    name="frontend.up", title="Frontend", unit="bool", worse="below", fail=1.0, vital=True,
    origin="guide", trouble="not served", planned_by=("frontend.maintenance", "api.maintenance"),
)  # fmt: skip
_LATENCY = Signal(name="frontend.latency", title="Page answer", unit="s", warn=1.0)
# A page alone may be an outage's: only with the API's own word is it planned.
_MAINTENANCE = Signal(
    name="frontend.maintenance", title="Maintenance page", unit="bool", warn=0.5,
    trouble="users see the maintenance page",
)  # fmt: skip
_SPOKEN = frozenset({200, *range(400, 600)}) - {401, 403, 407, 429}
"""Statuses that tell about the site; the others tell about our access to it."""


class FrontendProbe(Probe):
    """``GET /`` with the redirects on the same host: status, shape, time."""

    name = "frontend"
    target = "frontend"

    signals = (_UP, _LATENCY, _MAINTENANCE)

    def __init__(self, frontend: Frontend, client: HttpClient) -> None:
        self.interval = frontend.interval
        self.deadline = frontend.timeout
        self._client = client

    async def read(self) -> Sample:
        answer = await self._client.get("/", headers=ANEW, expect=_SPOKEN)
        page = self._page(answer)
        source = f"GET {self._client.peer}/"
        up = answer.status == 200 and page is not None
        note = page.title if page and up else f"{answer.status} to GET /"
        if page is not None and page.maintenance:
            note = f"a maintenance page ({page.maintenance}), status {answer.status}"

        def reading(signal: Signal, value: float | None, words: str | None = None) -> Reading:
            return Reading(
                target="frontend", signal=signal.name, value=value, source=source,
                observed_at=answer.at, note=words,
            )  # fmt: skip

        found = [
            reading(_UP, 1.0 if up else 0.0, note or None),
            reading(_LATENCY, answer.seconds),
            reading(_MAINTENANCE, None if page is None else float(page.maintenance is not None)),
        ]
        return Sample(readings=found)

    def _page(self, answer: Answer) -> Page | None:
        """The page; where the status says already that it is not served, none is needed."""
        try:
            return read_page(answer)
        except ProbeFailure:
            if answer.status == 200:
                raise
            return None
