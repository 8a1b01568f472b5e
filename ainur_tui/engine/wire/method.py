"""What a call of the wire is to the engine: the access it needs, its parameters, its handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.failure import UNAVAILABLE, Refused
from ainur_tui.model.wire import Access

if TYPE_CHECKING:
    from ainur_tui.engine.service import Engine


class Nothing(msgspec.Struct):
    """Parameters of a call that takes none."""


@dataclass(frozen=True)
class Method:
    """``params`` is the type of its parameters, ``access`` what a caller must have."""

    access: Access
    params: type[msgspec.Struct]
    handle: Callable[[Engine, Any, Peer], Awaitable[Any]]


def only_watching(engine: Engine, does: str) -> None:
    """Refuse where this is not the engine process, which alone ``does`` what is asked."""
    if not engine.watching:
        raise Refused(f"only the engine process {does}", UNAVAILABLE)
