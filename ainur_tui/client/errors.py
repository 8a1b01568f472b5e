"""How a call to the engine ends when it does not end well."""

from __future__ import annotations

from ainur_tui.model.failure import Refused


class CallError(Refused):
    """The engine answered with an error. ``code`` is an exit code or (negative) a JSON-RPC one."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message, code)
        self.message = message


class Disconnected(ConnectionError):
    """The engine went away. Whether the call was begun is not known unless it is repeatable."""
