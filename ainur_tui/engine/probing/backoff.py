"""How long to wait before asking a source again."""

from __future__ import annotations

CAP = 30.0
"""Seconds between two tries at most: recovery is seen soon."""
LONGEST_WISH = 300.0
"""Seconds of a source's own wish (``Retry-After``) that are honoured."""


def pause(interval: float, failures: int, retry_after: float | None = None) -> float:
    """Seconds from the start of one run to the next, after ``failures`` in a row.

    Grows to twice the interval and no further; what a source asks for is honoured within reason.
    """
    if failures <= 0:
        return interval
    longest = max(interval, min(CAP, 2 * interval))
    wait = min(interval * 1.25 ** (failures - 1), longest)
    return max(wait, min(retry_after, LONGEST_WISH)) if retry_after is not None else wait


def reconnect(failures: int, retry_after: float | None = None) -> float:
    """Seconds before a broken stream is opened again: 0.5, 1, 2 … up to :data:`CAP`."""
    wait = min(0.5 * 2.0 ** min(failures - 1, 10), CAP)
    return max(wait, min(retry_after, LONGEST_WISH)) if retry_after is not None else wait
