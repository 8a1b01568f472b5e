"""Notifications of the desktop, through the terminal (OSC 9, 777 or 99), where that is wanted.

OSC 9: iTerm2, Windows Terminal, WezTerm, Ghostty · OSC 777: urxvt, foot, WezTerm, Ghostty · OSC 99:
kitty, https://sw.kovidgoyal.net/kitty/desktop-notifications/ . A terminal that knows none of them
drops the sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from ainur_tui.console.draw.alarm import grave, moment_of
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import cut
from ainur_tui.model.alert import Alert
from ainur_tui.model.text import clean

Kind = Literal["off", "osc9", "osc777", "osc99"]
LONGEST = 200
"""Characters of a text."""
AT_ONCE = 5
"""Notifications one picture brings; of more only the number is told."""
_BELL, _END = "\x07", "\x1b\\"


class Desktop:
    """One notification for each P1 or P2 that begins to fire and calls for somebody. What fires
    when the console opens is on its screen already."""

    def __init__(self, kind: Kind, environ: Mapping[str, str]) -> None:
        self._kind = kind
        self._environ = environ
        self._known: set[tuple[str, str, float]] | None = None
        self._count = 0

    def tell(self, scene: Scene, write: Callable[[str], None]) -> None:
        """Write what is new in this picture."""
        if self._kind == "off" or scene.view is None or scene.lost is not None:
            return
        alerts = {moment_of(one): one for one in grave(scene)}
        known = alerts.keys() if self._known is None else self._known
        new = [one for key, one in alerts.items() if key not in known]
        self._known = {*known, *alerts}
        for one in new[:AT_ONCE]:
            self._write(scene, *_words(one, scene), write)
        if len(new) > AT_ONCE:
            title = f"Ainur {scene.environment}"
            self._write(scene, title, f"and {len(new) - AT_ONCE} more alerts", write)

    def _write(self, scene: Scene, title: str, body: str, write: Callable[[str], None]) -> None:
        self._count += 1
        plain = scene.glyphs.plain
        made = sequence(self._kind, plain(title), plain(body), self._count)
        if made := through(made, self._environ):
            write(made)


def sequence(kind: Kind, title: str, body: str, number: int = 1) -> str:
    """The bytes of one notification. No text in it can end it or begin another: controls are made
    visible, and so is what parts the fields of OSC 777."""
    title, body = (cut(clean(text, LONGEST), LONGEST) for text in (title, body))
    match kind:
        case "osc9":
            return f"\x1b]9;{title}: {body}{_BELL}"
        case "osc777":
            title, body = title.replace(";", ","), body.replace(";", ",")
            return f"\x1b]777;notify;{title};{body}{_BELL}"
        case "osc99":
            name = f"i=ainur{number}"
            return f"\x1b]99;{name}:d=0;{title}{_END}\x1b]99;{name}:d=1:p=body;{body}{_END}"
        case _:
            return ""


def through(made: str, environ: Mapping[str, str]) -> str:
    """What reaches the terminal behind tmux, which passes it on where ``allow-passthrough`` is on
    and drops it elsewhere. GNU screen would print it: there nothing is written."""
    term = environ.get("TERM", "")
    if term.startswith("tmux") or (term.startswith("screen") and environ.get("TMUX")):
        doubled = made.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}{_END}" if made else ""
    return "" if term.startswith("screen") else made


def _words(one: Alert, scene: Scene) -> tuple[str, str]:
    """Begins with a word: terminals read digits after OSC 9 as commands of their own."""
    return f"Ainur {scene.environment} {one.severity}", f"{one.name} on {one.target}: {one.summary}"
