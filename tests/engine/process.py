"""An engine process for the tests: ``python -m tests.engine.process FOLDER [IDLE]``."""

from __future__ import annotations

import sys
from pathlib import Path

from ainur_tui.config.types import Environment
from ainur_tui.engine.main import serve
from tests.engine.engines import Little, paths, resolve


def main() -> int:
    folder, idle = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 600.0
    little = Little()
    if (folder / "hold").exists():
        little.restart.gate.clear()
    return serve(
        Environment(name="test"),
        paths(folder),
        version="1",
        resolve_secret=resolve,
        connect=little.connect,
        idle=idle,
    )


if __name__ == "__main__":
    sys.exit(main())
