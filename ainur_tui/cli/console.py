"""The console, which is what runs without a command; a plain report where there is no screen."""

from __future__ import annotations

import argparse

from ainur_tui.cli.invocation import Invocation


def options(parser: argparse.ArgumentParser) -> None:
    """The words of this command: only the global ones."""
    parser.set_defaults()


def run(call: Invocation, args: argparse.Namespace) -> int:  # noqa: ARG001
    """Open the console on the environment's engine; returns its exit code."""
    return show(call)


def show(call: Invocation) -> int:
    """The full screen where the terminal can draw one, else one plain picture (F-53)."""
    if not call.output.is_terminal:
        from ainur_tui.cli import check

        call.output.tell(
            "this is no terminal for a full screen: one plain report instead"
            " (more with: ainur-tui check --help)"
        )
        return check.report(call, only=[])
    import gc

    gc.disable()  # until the first paint: nothing made by then is garbage
    from ainur_tui.cli import common
    from ainur_tui.console.app import AinurApp

    async def launch() -> None:
        await common.start(call)

    environment = call.loaded.environment
    code: int = AinurApp(
        socket=call.paths.socket,
        hello=call.hello(),
        launch=launch,
        environment=environment.name,
        read_only=call.access == "read",
        evidence=call.paths.state_dir / "evidence",
        bell=environment.incidents.bell,
        desktop=environment.incidents.desktop,
    ).run_console()
    return code
