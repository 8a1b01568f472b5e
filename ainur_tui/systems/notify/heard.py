"""What apprise says of a failure: it logs the reason and returns only that there was one."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ainur_tui.model.secret import Secret
from ainur_tui.model.text import clean

_PART = re.compile(r"[A-Za-z0-9._~%+-]{5,}")
_HIDDEN = "…"


class Heard(logging.Handler):
    """The last warning of this thread; the details below it may hold whole addresses."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self._words = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._words = record.getMessage()

    def told(self, address: Secret) -> str:
        """Its words without what stands in the address: that may hold a token anywhere."""
        said = self._words
        for part in sorted(_PART.findall(address.reveal()), key=len, reverse=True):
            said = said.replace(part, _HIDDEN)
        return clean(said.strip().rstrip("."), 120)


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear what is logged meanwhile; nothing of it goes to a log of ours."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    heard = Heard()
    logger.addHandler(heard)
    try:
        yield heard
    finally:
        logger.removeHandler(heard)
