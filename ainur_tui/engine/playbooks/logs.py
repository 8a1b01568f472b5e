"""The log lines a playbook's step keeps: as they were when the step came to hand."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from ainur_tui.model.logquery import LogPage, LogQuery
from ainur_tui.model.playbook import LogLook, PlaybookRun
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.model.units import clock, duration

LONGEST = 140
"""Characters of one line; the log view has it whole."""


def with_lines(
    before: PlaybookRun,
    after: PlaybookRun,
    logs: Callable[[LogQuery], LogPage],
    redact: Redactor,
    now: float,
) -> PlaybookRun:
    """``after`` with the newest lines of each step that was entered since ``before``."""
    steps = list(after.steps)
    for index, one in enumerate(steps):
        wanted = after.book.step[index].look.logs
        if wanted and one.began is not None and before.steps[index].began is None:
            steps[index] = replace(one, lines=_lines(wanted, logs, redact, now))
    return replace(after, steps=steps)


def _lines(
    wanted: LogLook, logs: Callable[[LogQuery], LogPage], redact: Redactor, now: float
) -> list[str]:
    query = LogQuery(
        sources=wanted.sources, min_level=wanted.min_level, since=now - wanted.seconds,
        limit=wanted.lines,
    )  # fmt: skip
    found = logs(query).lines[-wanted.lines :]
    told = [clean(redact(f"{clock(line.at)} {line.message}"), LONGEST) for line in found]
    return told or [f"no line of level {wanted.min_level} for {duration(wanted.seconds)}"]
