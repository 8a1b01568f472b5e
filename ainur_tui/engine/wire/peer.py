"""Who is at the other end of a call, and what a call can go wrong with."""

from __future__ import annotations

from dataclasses import dataclass

from ainur_tui.model.failure import Refused
from ainur_tui.model.wire import Access

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL = -32603


@dataclass(frozen=True)
class Peer:
    """A caller: ``access`` is what the engine granted, ``operator`` the name for the record."""

    operator: str
    access: Access = "operate"
    tty: str = ""


class WireFault(Refused):
    """The call itself is wrong, not what it asks for; ``code`` is a JSON-RPC number."""
