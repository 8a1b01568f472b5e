"""How reading the world fails, in words an operator can act on."""

from __future__ import annotations

from typing import Literal

USAGE, BAD_DATA, UNAVAILABLE, CANNOT_CREATE, TRY_AGAIN, DENIED = 64, 65, 69, 73, 75, 77
"""Exit codes of the command line (sysexits), carried by every refusal."""

FailureKind = Literal[
    "refused", "timeout", "dns", "tls", "unreachable", "auth", "forbidden", "rate limited",
    "bad answer", "too large", "exhausted", "missing", "full", "unavailable", "internal",
]  # fmt: skip

MEANING: dict[FailureKind, str] = {
    "refused": "nothing listens there",
    "timeout": "accepts but does not answer in time",
    "dns": "the name does not resolve",
    "tls": "no secure connection",
    "unreachable": "the network does not reach it",
    "auth": "the credentials are not accepted",
    "forbidden": "the credentials lack a permission",
    "rate limited": "it asks us to slow down",
    "bad answer": "the answer is not what it should be",
    "too large": "the answer is larger than we accept",
    "exhausted": "it has no connection left for us",
    "missing": "what we ask for does not exist there",
    "full": "no room is left there",
    "unavailable": "it says that it cannot serve",
    "internal": "our own probe failed",
}


class ProbeFailure(Exception):
    """Reading failed. ``detail`` is a clean, redacted sentence part; ``retry_after`` in seconds.

    Whose fault it is decides the target's state: ``auth``, ``forbidden``, ``rate limited``,
    ``dns`` and ``internal`` say nothing about the target, so it becomes *unknown*, never *down*.
    """

    def __init__(
        self, kind: FailureKind, detail: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{MEANING[kind]}: {detail}" if detail else MEANING[kind])
        self.kind: FailureKind = kind
        self.detail = detail
        self.retry_after = retry_after

    @property
    def blames_us(self) -> bool:
        """Whether the failure tells about our access rather than about the target."""
        return self.kind in {"auth", "forbidden", "rate limited", "dns", "internal", "missing"}


class ActionFailure(Exception):
    """A step did not do its work. The text is clean, redacted, and says what was observed."""


class Refused(Exception):
    """An action is not begun at all. ``code`` is the exit code of the command line for it."""

    def __init__(self, message: str, code: int = TRY_AGAIN) -> None:
        super().__init__(message)
        self.code = code
