"""How a command ends: the contract's exit codes, and the one way to stop with a sentence."""

from __future__ import annotations

OK = 0
NOT_VERIFIED = 1
USAGE = 64
BAD_DATA = 65
UNAVAILABLE = 69
INTERNAL = 70
CANNOT_CREATE = 73
TRY_AGAIN = 75
PERMISSION = 77
CONFIGURATION = 78
INTERRUPTED = 130
BROKEN_PIPE = 141


class Stop(Exception):
    """End the command with ``code``. The text says what happened, what it means, what to do."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def usage(message: str) -> Stop:
    """The command was not understood."""
    return Stop(message, USAGE)


def unknown(what: str, word: str, names: list[str]) -> Stop:
    """A word that is no name of ``what``; says the nearest ones, or all where none is near."""
    from ainur_tui.model.text import clean, near

    close = near(word, names)
    hint = (
        f"did you mean {' or '.join(close)}?" if close else f"there is {', '.join(names) or 'none'}"
    )
    return usage(f"there is no {what} {clean(word, 80)}; {hint}")
