"""A list of the picture: when each of its entries changed last, and when others went."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ainur_tui.model.update import Changes

T = TypeVar("T")
Moved = list[tuple[T | None, T | None]]
"""Entries that changed, each as it was and as it is; ``None`` is not there."""
MOST_GONE = 1000
"""How many that went are remembered; who has not heard since then is told everything anew."""


class Listing(Generic[T]):
    """Entries are told apart by ``key``; ``same`` says whether one is as it was. Who heard of the
    list before the revision ``floor`` is told it anew: what went since then is not known."""

    def __init__(
        self, key: Callable[[T], str], same: Callable[[T, T], bool] = operator.eq, floor: int = 0
    ) -> None:
        self._key = key
        self._same = same
        self._floor = floor
        self._newest = 0
        self._entries: dict[str, tuple[T, int]] = {}
        self._gone: dict[str, int] = {}

    def advance(self, items: Sequence[T], number: int) -> Moved[T]:
        """Take the list as it is in revision ``number``; returns what changed."""
        before, self._entries = self._entries, {}
        moved: Moved[T] = []
        stays: list[str] = []
        for item in items:
            key = self._key(item)
            known = before.get(key)
            if known is not None and self._same(known[0], item):
                stays.append(key)
                self._entries[key] = item, known[1]
            else:
                moved.append((known[0] if known else None, item))
                self._entries[key] = item, number
        now = self._entries
        if stays != [key for key in before if key in now and now[key][1] < number]:
            # Only what changed is told with its place, and the others keep their order: not these.
            moved = [(before[key][0] if key in before else None, now[key][0]) for key in now]
            self._entries = now = {key: (item, number) for key, (item, _) in now.items()}
        gone = before.keys() - now.keys()
        self._gone = {key: at for key, at in self._gone.items() if key not in now}
        self._gone |= dict.fromkeys(gone, number)
        for key in list(self._gone)[: len(self._gone) - MOST_GONE]:
            self._floor = max(self._floor, self._gone.pop(key))
        moved += [(before[key][0], None) for key in gone]
        if moved:
            self._newest = number
        return moved

    def since(self, revision: int) -> Changes[T] | None:
        """What changed after a revision; ``None`` is nothing."""
        if revision >= self._newest:
            return None
        anew = revision < self._floor
        put = [(place, item) for place, (item, changed) in enumerate(self._entries.values())
               if anew or changed > revision]  # fmt: skip
        gone = [key for key, went in self._gone.items() if went > revision and not anew]
        return Changes(put, gone, anew)
