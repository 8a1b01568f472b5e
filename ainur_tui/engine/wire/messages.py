"""One line of the wire: how it is made, and how a call's parameters are read."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.engine.wire.peer import INVALID_PARAMS, WireFault
from ainur_tui.model.text import clean
from ainur_tui.model.wire import PROTOCOL, Message, Request, WireError

_encode = msgspec.json.Encoder()


def error_line(code: int, words: str) -> bytes:
    """A message that is an error and answers no call in particular."""
    return message(error=WireError(code, words))


def message(**fields: Any) -> bytes:
    """A reply or a notification as its line."""
    return _encode.encode(Message(protocol=PROTOCOL, jsonrpc="2.0", **fields))


def params_of(request: Request, type: type[Any]) -> Any:
    """The parameters of a call. Raises WireFault when they are of another kind."""
    try:
        return msgspec.json.decode(request.params, type=type)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WireFault(f"{request.method}: {clean(error, 200)}", INVALID_PARAMS) from None
