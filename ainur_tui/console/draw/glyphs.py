"""The two sets of symbols: one for UTF-8 terminals, one complete in ASCII (F-47)."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from ainur_tui.console.draw.spans import Tone
from ainur_tui.model.signal import Verdict
from ainur_tui.model.target import State

STATE_TONE: dict[State, Tone] = {
    "up": "ok", "degraded": "warn", "down": "fail", "unknown": "unknown", "paused": "quiet",
}  # fmt: skip
VERDICT_TONE: dict[Verdict, Tone] = {"ok": "text", "warn": "warn", "fail": "fail", "none": "text"}


@dataclass(frozen=True)
class Glyphs:
    """Symbols by meaning. ``blocks`` are bar heights from empty to full."""

    ascii: bool
    state: dict[State, str]
    verdict: dict[Verdict, str]
    blocks: str
    line: str
    branch: str
    branch_stem: str
    last: str
    gap: str
    cursor: str
    running: str
    done: str
    threshold: str

    def plain(self, text: str) -> str:
        """The text as this terminal can show it, in the same number of columns."""
        if not self.ascii or text.isascii():
            return text.replace("\ufe0f", "") if "\ufe0f" in text else text
        text = text.translate(_ASCII)
        return "".join(c if c.isascii() else "?" * cell_len(c) for c in text)


_ASCII = str.maketrans(
    {
        "—": "-", "–": "-", "·": "-", "…": "~", "→": ">", "↵": "<", "•": "*", "␛": "^", "␤": "^",
        "␍": "^", "␇": "^", "␀": "^", "␡": "^", "±": "~", "≥": ">", "≤": "<", "↑": "^", "↓": "v",
        "▸": ">", "×": "x", "‹": "<", "›": ">",
    }
)  # fmt: skip

UNICODE = Glyphs(
    ascii=False,
    state={"up": "●", "degraded": "▲", "down": "✖", "unknown": "?", "paused": "‖"},
    verdict={"ok": " ", "warn": "▲", "fail": "✖", "none": " "},
    blocks=" ▁▂▃▄▅▆▇█",
    line="─",
    branch="├",
    branch_stem="│ ",
    last="└",
    gap="·",
    cursor="▸",
    running="◐",
    done="✔",
    threshold="╌",
)
ASCII = Glyphs(
    ascii=True,
    state={"up": "*", "degraded": "!", "down": "X", "unknown": "?", "paused": "="},
    verdict={"ok": " ", "warn": "!", "fail": "X", "none": " "},
    blocks=" _.,-=+*#",
    line="-",
    branch="|",
    branch_stem="| ",
    last="`",
    gap=".",
    cursor=">",
    running="~",
    done="+",
    threshold="-",
)


def glyphs_for(encoding: str | None) -> Glyphs:
    """The set a terminal of that encoding can show."""
    return UNICODE if (encoding or "").lower().replace("-", "") == "utf8" else ASCII
