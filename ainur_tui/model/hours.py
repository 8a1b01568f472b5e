"""Hours of a week in which somebody is to be told: ``Mon-Fri 08:00-20:00, Sat 10:00-14:00``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = 8
"""Days in which hours that are over begin again: today's may be over already."""
_SPAN = re.compile(
    r"(?:(?P<first>[a-z]+)(?:-(?P<last>[a-z]+))? +)?"
    r"(?P<begins>\d\d:\d\d) ?- ?(?P<ends>\d\d:\d\d)"
)


@dataclass(frozen=True)
class Span:
    """From a minute of the day to another, on the days it begins (Monday is 0). One that ends
    before it begins goes on into the next day."""

    days: frozenset[int]
    begins: int
    ends: int

    def holds(self, day: int, minute: int) -> bool:
        """Whether that minute of that day lies within."""
        if self.begins < self.ends:
            return day in self.days and self.begins <= minute < self.ends
        before = (day - 1) % 7
        return (day in self.days and minute >= self.begins) or (
            before in self.days and minute < self.ends
        )


@dataclass(frozen=True)
class Hours:
    """Spans by the clock on the wall of a time zone, its summer time included."""

    spans: tuple[Span, ...]
    zone: tzinfo

    @classmethod
    def parse(cls, text: str, zone: tzinfo) -> Hours:
        """Read them; without days a span is for all. Raises ``ValueError`` with a sentence."""
        return cls(tuple(_span(part.strip()) for part in text.split(",")), zone)

    def open(self, at: float) -> bool:
        """Whether a moment (epoch seconds) lies within."""
        here = datetime.fromtimestamp(at, self.zone)
        return any(one.holds(here.weekday(), here.hour * 60 + here.minute) for one in self.spans)

    def opens(self, at: float) -> float:
        """When the next span begins (epoch seconds)."""
        here = datetime.fromtimestamp(at, self.zone)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        begins = (
            (midnight + timedelta(days=day, minutes=one.begins)).timestamp()
            for one in self.spans
            for day in range(WEEK)
            if (here.weekday() + day) % 7 in one.days
        )
        return min(moment for moment in begins if moment > at)


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text.lower())
    if found is None:
        raise ValueError(f"{text!r} is no time of the week; write Mon-Fri 08:00-20:00")
    begins, ends = _minute(found["begins"]), _minute(found["ends"])
    if begins in {ends, 24 * 60}:
        raise ValueError(f"{text!r} is no time at all; the whole day is 00:00-24:00")
    return Span(_days(found["first"], found["last"]), begins, ends)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    begin = _day(first)
    end = begin if last is None else _day(last)
    return frozenset((begin + day) % 7 for day in range((end - begin) % 7 + 1))


def _day(word: str) -> int:
    if word not in DAYS:
        raise ValueError(f"{word!r} is no day; write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    return DAYS.index(word)


def _minute(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"{text!r} is no time of the day")
    return hour * 60 + minute
