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
    """Entries are told apart by ``key``; ``same`` says whether one is as it was.

    ``floor`` is the newest revision of which it is not known any more what went since.
    """

    def __init__(self, key: Callable[[T], str], same: Callable[[T, T], bool] = operator.eq) -> None:
        self.floor = 0
        self._key = key
        self._same = same
        self._entries: dict[str, tuple[T, int]] = {}
        self._gone: dict[str, int] = {}

    def advance(self, items: Sequence[T], number: int) -> Moved[T]:
        """Take the list as it is in revision ``number``; returns what changed."""
        before = self._entries
        now = {self._key(item): item for item in items}
        stays = [key for key, item in now.items()
                 if key in before and self._same(before[key][0], item)]  # fmt: skip
        kept = set(stays)
        if stays != [key for key in before if key in kept]:
            kept = set()  # only what changed is told with its place: the others keep their order
        self._entries = {
            key: (item, before[key][1] if key in kept else number) for key, item in now.items()
        }
        gone = before.keys() - now.keys()
        self._gone = {key: at for key, at in self._gone.items() if key not in now}
        self._gone |= dict.fromkeys(gone, number)
        for key in list(self._gone)[: len(self._gone) - MOST_GONE]:
            self.floor = max(self.floor, self._gone.pop(key))
        changed = [(before[key][0] if key in before else None, item)
                   for key, item in now.items() if key not in kept]  # fmt: skip
        return [*changed, *((before[key][0], None) for key in gone)]

    def since(self, revision: int) -> Changes[T] | None:
        """What changed after a revision; ``None`` is nothing."""
        put = [(place, item) for place, (item, changed) in enumerate(self._entries.values())
               if changed > revision]  # fmt: skip
        gone = [key for key, went in self._gone.items() if went > revision]
        return Changes(put, gone) if put or gone else None
