"""An error nobody foresaw: a crash file without locals, redacted, and one sentence (S-19)."""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from ainur_tui.cli.invocation import Invocation


def write(call: Invocation, error: BaseException) -> Path | None:
    """Write the traceback, without any variable's value; ``None`` when nothing can be written."""
    from ainur_tui import __version__
    from ainur_tui.config import safefile
    from ainur_tui.config.paths import state_root

    try:
        text = call.redactor()("".join(traceback.format_exception(error)))
        folder = state_root() / "crash"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
        text = f"ainur-tui {__version__}, Python {sys.version.split()[0]}\n{text}"
        safefile.create(path, text.encode(errors="backslashreplace"))
    except OSError:
        return None
    return path


def sentence(call: Invocation, error: BaseException) -> str:
    """What is told on the terminal."""
    path = write(call, error)
    where = f"the details are in {path}" if path else "the details could not be written anywhere"
    return (
        f"this is a fault of the program ({type(error).__name__}); nothing was done after it;"
        f" {where}; please report it"
    )
