"""How the platform is called: the token's header, and the pace it asks for."""

from __future__ import annotations

import asyncio

from ainur_tui.model.secret import Secret
from ainur_tui.systems.base import Clock

_BURST = 3


def authorization(token: Secret) -> Secret:
    """The header's value: a macaroon goes as ``FlyV1``, anything else as ``Bearer``."""
    value = token.reveal().strip()
    if value.startswith(("FlyV1 ", "Bearer ")):
        return Secret(value)
    scheme = "FlyV1" if value.startswith(("fm1", "fm2")) else "Bearer"
    return Secret(f"{scheme} {value}")


class Pace:
    """Keeps calls of one kind on one thing under the platform's limit (1/s, burst 3)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_at: dict[str, float] = {}

    async def wait(self, key: str, every: float = 1.0, burst: int = _BURST) -> None:
        """Wait until one more call fits (a bucket told by when it is full again)."""
        now = self._clock.monotonic()
        if len(self._free_at) > 500:
            self._free_at = {k: at for k, at in self._free_at.items() if at > now}
        full = max(self._free_at.get(key, now), now) + every
        self._free_at[key] = full
        late = full - now - burst * every
        if late > 0:
            await asyncio.sleep(late)
