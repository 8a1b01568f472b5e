"""Maintenance mode as users see it: what the API and the frontend answer from outside."""

from __future__ import annotations

from dataclasses import dataclass

from ainur_tui.config.types import Frontend
from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.signal import Reading, Signal
from ainur_tui.systems.answers import Answer, object_of, pick
from ainur_tui.systems.base import Clock, Probe, Sample
from ainur_tui.systems.frontend.page import read_page
from ainur_tui.systems.http import HttpClient

SIGNAL = Signal(
    name="api.maintenance", title="Maintenance mode", unit="bool", warn=0.5,
    trouble="maintenance mode is on",
)  # fmt: skip
_ANY = frozenset({200, *range(400, 600)}) - {401, 403, 407, 429}


@dataclass(frozen=True)
class Outside:
    """Reads both through their public URLs; either may be absent."""

    api: HttpClient | None
    frontend: HttpClient | None
    marker: str = "maintenance"

    async def seen(self) -> dict[str, bool]:
        """Who is in maintenance, by name; raises ProbeFailure where one cannot be asked."""
        found = {}
        if self.api is not None:
            answer = object_of(await self.api.get("/health", expect=frozenset({200, 503})))
            found["API"] = pick(answer, "maintenance") is True
        if self.frontend is not None:
            found["frontend"] = self._says_so(await self.frontend.get("/", expect=_ANY))
        return found

    def _says_so(self, page: Answer) -> bool:
        try:
            if read_page(page).maintenance is not None:
                return True
        except ProbeFailure:
            pass
        return self.marker.lower() in page.body.decode("utf-8", "replace").lower()


def outside_of(
    api: HttpClient | None, frontend: HttpClient | None, config: Frontend | None
) -> Outside:
    """With the frontend's marker as configured."""
    return Outside(api, frontend, config.maintenance_marker if config else "maintenance")


class MaintenanceProbe(Probe):
    """A reminder while the API says that it is in maintenance."""

    name = "fly.maintenance"
    target = "api"
    signals = (SIGNAL,)

    def __init__(self, outside: Outside, clock: Clock, interval: float, deadline: float) -> None:
        self.interval, self.deadline = interval, deadline
        self._outside = outside
        self._clock = clock

    async def read(self) -> Sample:
        found = await Outside(self._outside.api, None).seen()
        on = found.get("API", False)
        return Sample(
            readings=[
                Reading(
                    target="api", signal=SIGNAL.name, value=float(on), source="GET /health",
                    observed_at=self._clock.now(),
                    note="`maintenance mode=off` ends it" if on else None,
                )
            ]
        )  # fmt: skip
