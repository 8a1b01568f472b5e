"""Who is on call: turns of equal length, one person after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple


class Turn(NamedTuple):
    """``until`` is epoch seconds; then it is ``following``'s turn."""

    who: str
    until: float
    following: str


def on_call(people: Sequence[str], start: str, days: float, now: float) -> Turn | None:
    """Whose turn it is at ``now``: the first one's began at ``start`` (ISO 8601, UTC where it says
    no zone), each lasts ``days``. ``None`` where nobody is named or it has not begun."""
    began = datetime.fromisoformat(start)
    began = began if began.tzinfo else began.replace(tzinfo=UTC)
    passed = now - began.timestamp()
    if not people or passed < 0:
        return None
    length = days * 86400
    turn = int(passed // length)
    return Turn(people[turn % len(people)], began.timestamp() + (turn + 1) * length,
                people[(turn + 1) % len(people)])  # fmt: skip
