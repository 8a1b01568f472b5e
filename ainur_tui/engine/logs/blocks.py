"""The lines of one source in memory, in blocks that tell what they hold."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ainur_tui.model.log import LogLine
from ainur_tui.rules.logs.marks import Wanted, marks_of
from ainur_tui.rules.logs.sieve import ends_of, hits, text_of

MOST = 256
"""Lines of one block; a block leaves memory as a whole."""


class Block:
    """Lines in order. ``marks`` are the bits of all, ``since`` and ``until`` the oldest and the
    newest of their times (epoch seconds)."""

    __slots__ = ("_text", "lines", "marks", "since", "until")

    def __init__(self) -> None:
        self._text: tuple[array[int], bytes] = (array("I"), b"")
        self.lines: list[LogLine] = []
        self.marks = 0
        self.since = float("inf")
        self.until = float("-inf")

    def add(self, line: LogLine) -> None:
        """One more at the end."""
        self.lines.append(line)
        self.marks |= marks_of(line)
        self.since = min(self.since, line.at)
        self.until = max(self.until, line.at)

    def hit(self, word: Any) -> list[LogLine]:
        """The lines in which an expression over bytes is found; their text is put together once."""
        if len(self._text[0]) != len(self.lines):
            texts = [text_of(line).encode("utf-8", "replace") for line in self.lines]
            self._text = array("I", ends_of(map(len, texts))), b"\n".join(texts)
        ends, text = self._text
        return [self.lines[place] for place in hits(text, ends, word)]

    @property
    def low(self) -> int:
        """The first sequence number."""
        return self.lines[0].seq

    @property
    def high(self) -> int:
        """The last one."""
        return self.lines[-1].seq


class Ring:
    """Blocks of ``most`` lines; the oldest is taken out when there is no room."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._blocks: deque[Block] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, line: LogLine) -> None:
        """One more at the end."""
        if not self._blocks or len(self._blocks[-1].lines) >= self._most:
            self._blocks.append(Block())
        self._blocks[-1].add(line)
        self._count += 1

    def oldest(self) -> Block | None:
        """The block that would be taken out."""
        return self._blocks[0] if self._blocks else None

    def take(self) -> Block:
        """Take the oldest block out; raises ``IndexError`` when there is none."""
        block = self._blocks.popleft()
        self._count -= len(block.lines)
        return block

    def between(
        self, low: int, high: int, wanted: Wanted, ended: Callable[[], int | None], *,
        forward: bool, word: Any | None = None,
    ) -> Iterator[LogLine]:  # fmt: skip
        """Lines with numbers between, both excluded, of blocks that may have what is wanted, and
        where one is given that have the ``word``; the newest first, or with ``forward`` the
        oldest. Nothing beyond where ``ended`` tells."""
        for block in self._blocks if forward else reversed(self._blocks):
            if block.high <= low or block.low >= high:
                continue
            end = ended()
            if end is not None and (block.low > end if forward else block.high < end):
                return
            if not wanted.may(block.marks, block.since, block.until):
                continue
            lines = block.lines if word is None else block.hit(word)
            if block.low <= low or block.high >= high:
                lines = [line for line in lines if low < line.seq < high]
            yield from lines if forward else reversed(lines)
