"""Components of the miniature as real processes on free ports."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers import until


@contextmanager
def component(module: str, directory: Path, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run one component; it must end well when it is asked to."""
    argv = [sys.executable, "-m", f"ainur_tui.demo.{module}", "--dir", str(directory)]
    process = subprocess.Popen([*argv, *map(str, words)], stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        assert process.stderr is not None
        said = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(10) == 0, said


def answers(url: str, within: float = 10) -> None:
    """Wait until something answers HTTP there, whatever it says."""

    def ask() -> bool:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            return False
        return True

    until(ask, within, f"{url} answers")
