"""The real clock; tests pass their own."""

from __future__ import annotations

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Epoch seconds for show, and seconds that never jump for every duration (S-35).

    ``monotonic`` counts while the machine sleeps where the system can tell (Linux), so that
    everything is stale at once on waking (F-44).
    """

    def now(self) -> float:
        """Seconds of the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment; only differences mean anything."""
        return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)
