"""Work that blocks as long as it likes: nobody waits for it longer than he wants to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable


def begun(work: Callable[[], None], name: str) -> asyncio.Future[None]:
    """Do it in a thread of its own, which ends with the process at the latest: a peer that trickles
    keeps neither the pool of threads nor an engine that leaves. Its failure is the future's."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: Exception | None) -> None:
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
            done.exception()  # read here: nobody may be waiting any more

    def run() -> None:
        error: Exception | None = None
        try:
            work()
        except Exception as failure:
            error = failure
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done
