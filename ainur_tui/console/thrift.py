"""Writing the same screen in fewer bytes: over SSH, and in a terminal that reads them one by one,
they are most of what an operator waits for after a key."""

from __future__ import annotations

import curses
import re
from functools import lru_cache

from textual.drivers.linux_driver import LinuxDriver

_STYLE = re.compile(r"\x1b\[([\d;]*)m")
_MOVES = re.compile(r"(?:\x1b\[[\d;]*H|[\r\n])*")
_BLANKS = re.compile(r" {12,}")
"""Shorter runs are as short as what would stand for them."""
_PLAIN = re.compile(r"(?:(?:[1-3]|[349]\d|10\d|[34]8;5;\d+|[34]8;2;\d+;\d+;\d+)(?:;|$))*")
"""Styles in which an erased cell looks like a blank: no underline, no reverse, no stroke."""


class ThriftyDriver(LinuxDriver):
    """Textual's driver, writing what :func:`thrifty` makes of the screen."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._erases = erases_in_colour()

    def write(self, data: str) -> None:
        super().write(thrifty(data, erase=self._erases))


def erases_in_colour() -> bool:
    """Whether this terminal says that it erases in the background in force (terminfo ``bce``) and
    can erase a number of cells (``ech``)."""
    try:
        curses.setupterm()
        return bool(curses.tigetflag("bce") == 1 and curses.tigetstr("ech"))
    except curses.error:
        return False


def thrifty(data: str, *, erase: bool) -> str:
    """The same screen in fewer bytes: a style is set where it changes, by one sequence, and with
    ``erase`` a run of blanks is erased instead of written (ECMA-48: SGR, ECH, CUF).

    ``data`` begins in the terminal's own style, as all that Textual writes does; so does what
    comes after it.
    """
    first, *rest = _STYLE.split(data)
    if not rest:
        return data
    out = [first]
    wanted = in_force = ""
    for style, text in zip(rest[::2], rest[1::2], strict=True):
        reset = style in {"", "0"}
        wanted = "" if reset else f"{wanted};{style}" if wanted else style
        if not text:
            continue
        if _MOVES.fullmatch(text) is None and wanted != in_force:
            out.append(f"\x1b[0;{wanted}m" if in_force and wanted else f"\x1b[{wanted or 0}m")
            in_force = wanted
        out.append(_erased(text) if erase and _plain(in_force) else text)
    if in_force:
        out.append("\x1b[0m")
    return "".join(out)


def _erased(text: str) -> str:
    return _BLANKS.sub(lambda run: f"\x1b[{len(run[0])}X\x1b[{len(run[0])}C", text)


@lru_cache(512)
def _plain(style: str) -> bool:
    return _PLAIN.fullmatch(style) is not None
