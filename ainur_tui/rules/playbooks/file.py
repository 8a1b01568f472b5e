"""Playbooks as they are read from TOML: what their words must mean, and those that come with us."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

import msgspec

from ainur_tui.model.playbook import Condition, Playbook, PlaybookStep
from ainur_tui.model.text import near

WAYS = ("next", "end", "ask")

Wrong = tuple[tuple[str, ...], str, Sequence[str]]
"""Key path, sentence, names that may have been meant."""


def parse(text: str) -> Playbook:
    """A playbook from TOML; raises ``ValueError`` with a sentence for one that makes no sense."""
    try:
        book = msgspec.convert(tomllib.loads(text), Playbook)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"not a playbook: {error}") from error
    if found := next(wrong(book), None):
        raise ValueError(f"{'.'.join(found[0])}: {found[1]}")
    return book


def shipped() -> list[Playbook]:
    """The playbooks that come with the program, by name."""
    return [parse(text) for _, text in shipped_files()]


def shipped_files() -> list[tuple[str, str]]:
    """Their files: name and text."""
    folder = resources.files("ainur_tui.playbooks")
    files = sorted(one.name for one in folder.iterdir() if one.name.endswith(".toml"))
    return [(name, folder.joinpath(name).read_text("utf-8")) for name in files]


def wrong(book: Playbook) -> Iterator[Wrong]:
    """What the schema cannot see: names that lead nowhere, conditions that say nothing."""
    if not book.step:
        yield ("step",), "a playbook needs a step", ()
    for number, one in enumerate(book.fits.later):
        if words := _condition(one):
            yield ("fits", "later", str(number)), words, ()
    ids = [step.id for step in book.step]
    for index, step in enumerate(book.step):
        at = ("step", str(index))
        if step.id in ids[:index]:
            yield (*at, "id"), f"two steps are called {step.id}", ()
        yield from _ways(step, ids[index + 1 :], ids[: index + 1], at)
        if step.run is not None and step.ask is not None:
            yield (*at, "ask"), "a step runs an action or asks for something outside, not both", ()
        if step.run is not None and step.run.sole is not None and step.run.row_of is None:
            yield (*at, "run", "sole"), "the only row of which table? row_of names it", ()
        if step.deadline <= 0 or step.hold < 0 or step.hold >= step.deadline:
            yield (*at, "deadline"), "seconds; longer than hold, which is not below 0", ()
        if step.proves and not (step.expect or step.expect_any):
            yield (*at, "proves"), "nothing is expected that could prove it", ()
        if step.ask is not None and not (step.expect or step.expect_any):
            yield (*at, "ask"), "nothing is expected that shows that it was done", ()
        for key in ("when", "when_any", "expect", "expect_any"):
            for number, one in enumerate(getattr(step, key)):
                if words := _condition(one):
                    yield (*at, key, str(number)), words, ()
    if book.step and not any(step.proves for step in book.step):
        yield ("step",), "no step proves that the trouble is over (proves = true)", ()


def _ways(
    step: PlaybookStep, later: list[str], before: list[str], at: tuple[str, ...]
) -> Iterator[Wrong]:
    for key, way in (("then", step.then), ("otherwise", step.otherwise)):
        if not way or way in WAYS[: 2 if key == "then" else 3] or way in later:
            continue
        if way in before:
            words = f"{way} is no later step: a playbook only goes forward"
        else:
            words = f"there is no step {way!r}"
        yield (*at, key), words, near(way, [*later, *WAYS])


def _condition(one: Condition) -> str | None:
    """The sentence why a condition says nothing, or ``None``."""
    if sum(bool(each) for each in (one.signal, one.table, one.state, one.event)) != 1:
        return "a condition names a signal, a table, an event or states of a target: one of these"
    limits = one.above is not None or one.below is not None
    if one.signal and not (limits or one.verdict):
        return "what must the signal be? above, below or verdict"
    if one.event and not (limits and one.within > 0):
        return "how many events, and how long before the trouble? above or below, and within"
    if one.table and not limits:
        return "how many rows? above or below"
    if one.state and (limits or one.verdict):
        return "a state has no above, below or verdict"
    return None


def schema() -> dict[str, Any]:
    """The JSON Schema of a playbook file."""
    return msgspec.json.schema(Playbook)
