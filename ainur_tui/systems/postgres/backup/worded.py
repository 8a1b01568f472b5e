"""A step whose every failure is a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ainur_tui.model.failure import ActionFailure, ProbeFailure
from ainur_tui.systems.acting import StepContext
from ainur_tui.systems.postgres.backup.job import words

Work = Callable[[StepContext], Awaitable[str]]


def worded(work: Work) -> Work:
    """The same work; what a place or a server says becomes the step's ``ActionFailure``."""

    async def telling(step: StepContext) -> str:
        try:
            return await work(step)
        except (ProbeFailure, OSError) as error:
            raise ActionFailure(words(error)) from None

    return telling
