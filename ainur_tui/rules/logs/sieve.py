"""Which log lines pass a query's conditions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any, cast

import re2

from ainur_tui.model.failure import USAGE, Refused
from ainur_tui.model.log import LEVELS, LogLine
from ainur_tui.model.logquery import FilterKind, LogFilter, LogQuery
from ainur_tui.model.text import clean

Test = Callable[[LogLine], bool]
Sieve = Callable[[Iterable[LogLine]], Iterator[LogLine]]

CHUNK = 512
"""Lines searched with one call; their text is joined, so that a rare word costs few calls."""
_BOUND = re.compile(r"\\[AzQ]|\(\?[a-z]*[s-]")
"""Words of a pattern that mean another thing in joined lines."""


def sieve(query: LogQuery) -> Sieve:
    """What lets those lines through that pass, in the order given; sequence numbers and moments
    (``around``) are the store's matter. Raises :class:`Refused` (code 64) for a pattern or a level
    that makes no sense."""
    texts, cheap = _tests(query)
    wanted = _all(cheap)
    if not texts:
        return lambda lines: filter(wanted, lines)
    ones = [_text_test(expression(pattern)) for pattern in texts]
    many = [
        expression(f"(?m:{pattern})", like=pattern)
        for pattern in texts
        if not _BOUND.search(pattern)
    ]

    def search(lines: Iterable[LogLine]) -> Iterator[LogLine]:
        passing = filter(wanted, lines) if cheap else iter(lines)
        while chunk := list(islice(passing, CHUNK)):
            for line in _hit(chunk, many) if many else chunk:
                if all(test(line) for test in ones):
                    yield line

    return search


def _hit(chunk: list[LogLine], many: list[Any]) -> Iterator[LogLine]:
    """The lines in which the first of the expressions is found; none when one is in none."""
    texts = [text_of(line) for line in chunk]
    joined = "\n".join(texts)
    octets = joined.encode("utf-8", "replace")
    if all(found.search(octets) is not None for found in many):
        plain = len(octets) == len(joined)
        sizes = texts if plain else [text.encode("utf-8", "replace") for text in texts]
        ends = ends_of(map(len, sizes))
        yield from (chunk[place] for place in hits(octets, ends, many[0]))


def ends_of(sizes: Iterable[int]) -> list[int]:
    """Where texts of these sizes end when they are joined, a line end between two."""
    return [end - 1 for end in accumulate(size + 1 for size in sizes)]


def hits(text: bytes, ends: Sequence[int], needle: Any) -> Iterator[int]:
    """The lines of such a text that have it: each search goes on behind the line of the last."""
    at = 0
    while ends and at <= len(text) and (hit := needle.search(text, at)) is not None:
        place = bisect_right(ends, hit.start() - 1)
        yield place
        at = ends[place] + 1


def expression(pattern: str, *, like: str | None = None, octets: bool = False) -> Any:
    """A compiled linear-time expression; small letters only match capitals too, as people type
    (``like`` is the pattern as typed). ``octets``: for bytes that need not be UTF-8. Raises
    :class:`Refused` (64)."""
    options = re2.Options()
    options.log_errors = False
    typed = pattern if like is None else like
    options.case_sensitive = typed != typed.lower()
    try:
        return re2.compile(pattern.encode() if octets else pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise Refused(f"not a usable pattern: {clean(reason, 200)}", USAGE) from None


def _tests(query: LogQuery) -> tuple[list[str], list[Test]]:
    """The patterns that must be found, and all other tests."""
    own: tuple[tuple[FilterKind, str | None], ...] = (
        ("machine", query.machine),
        ("class", query.log_class),
        ("min-level", query.min_level),
        ("text", query.pattern or None),
    )
    filters = [LogFilter(kind=kind, value=value) for kind, value in own if value is not None]
    filters += query.filters
    texts = [one.value for one in filters if one.kind == "text" and not one.out]
    cheap = [
        (lambda line, test=test: not test(line)) if one.out else test
        for one in filters
        if one.kind != "text" or one.out
        for test in (_test(one),)
    ]
    if query.sources:
        names = frozenset(query.sources)
        cheap.append(lambda line: line.source in names)
    since, until = query.since, query.until
    if since is not None:
        cheap.append(lambda line: line.at >= since)
    if until is not None:
        cheap.append(lambda line: line.at <= until)
    return texts, cast(list[Test], cheap)


def _test(one: LogFilter) -> Test:
    value, name = one.value, one.field
    match one.kind:
        case "text":
            return _text_test(expression(value))
        case "level":
            return _level_test(frozenset({known_level(value)}))
        case "min-level":
            return _level_test(frozenset(LEVELS[LEVELS.index(known_level(value)) :]))
        case "source":
            return lambda line: line.source == value
        case "machine":
            return lambda line: line.machine == value
        case "class":
            return lambda line: line.log_class == value
        case "field" if name:
            return lambda line: line.fields.get(name) == value
        case "field":
            return lambda line: value in line.fields.values() or value in line.message


def known_level(word: str) -> Any:
    """The level of that name; raises :class:`Refused` (64) when there is none."""
    if word not in LEVELS:
        known = ", ".join(LEVELS)
        raise Refused(f"no such level: {clean(word, 40)}; one of {known}", USAGE)
    return word


def _level_test(levels: frozenset[str]) -> Test:
    return lambda line: (line.level or "info") in levels


def _text_test(pattern: Any) -> Test:
    search = pattern.search
    return lambda line: bool(search(line.message)) or any(map(search, line.fields.values()))


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda line: all(test(line) for test in tests)


def text_of(line: LogLine) -> str:
    """What conditions on text look at: message and fields, a line of text each."""
    return "\n".join((line.message, *line.fields.values())) if line.fields else line.message
