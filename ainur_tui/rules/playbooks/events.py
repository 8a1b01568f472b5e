"""What happened in a playbook, as events of the board: the incident's timeline is made of them."""

from __future__ import annotations

from collections.abc import Iterator

from ainur_tui.model.event import Event
from ainur_tui.model.playbook import OVER, PlaybookRun, StepRun
from ainur_tui.model.text import clean


def happened(before: PlaybookRun | None, after: PlaybookRun, now: float) -> list[Event]:
    """The begin, each step's verdict, a take-over and the end, in that order. The same happening
    has the same key, so that an engine that tells it again tells nothing new."""
    return [
        Event(
            key=f"playbook:{after.id}:{key}", at=now, kind="playbook", target=after.target,
            text=clean(f"{after.book.title}: {text}", 300),
        )
        for key, text in _told(before, after)
    ]  # fmt: skip


def _told(before: PlaybookRun | None, after: PlaybookRun) -> Iterator[tuple[str, str]]:
    if before is None:
        why = f" ({after.why})" if after.why else ""
        yield "begun", f"begun by {after.operator}{why}"
    elif before.operator != after.operator:
        words = f"taken over by {after.operator} from {before.operator}: {after.message}"
        yield f"by:{after.operator}:{after.at}", words
    for index, one in enumerate(after.steps):
        known = before.steps[index] if before else None
        if one != known and _worth(one, known):
            words = f"{one.state} “{after.book.step[index].title}”"
            words += f": {one.words}" if one.words else ""
            words += f"; newest line: {one.lines[-1]}" if one.lines else ""
            yield f"{one.id}:{one.attempt}:{one.state}", words
    if after.state != "running" and (before is None or before.state == "running"):
        yield after.state, f"{after.state}: {after.message}"


def _worth(one: StepRun, known: StepRun | None) -> bool:
    """Whether its state is a verdict it did not have. What was led past never happened."""
    verdict = one.state in OVER or one.state == "stuck"
    return verdict and one.began is not None and (known is None or known.state != one.state)
