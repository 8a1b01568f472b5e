"""The parser: the contract's words, the contract's exit code, near names for slips."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any, NoReturn

from ainur_tui.cli.errors import unknown, usage


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose errors are one sentence with exit code 64."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        if found := re.match(r"unrecognized arguments: (\S+)", message):
            word = found[1]
            if word.startswith("-"):
                raise unknown("option", word, sorted(self._option_string_actions))
            raise usage(f"{word!r} is one word too many; see: {self.prog} --help")
        if found := re.match(r"argument \S+: invalid choice: '(.*)' \(choose from (.*)\)", message):
            names = [name.strip(" '") for name in found[2].split(",")]
            raise unknown(f"such word for {self.prog}:", found[1], names)
        raise usage(f"{message}; see: {self.prog} --help")


class Naming(Parser):
    """A verb whose first word may be the id of the incident that ``--id`` names."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if args and re.fullmatch(r"\d{8}-\d+", args[0]):
            args = ["--id", *args]
        return super().parse_known_args(args, namespace)


def global_options() -> Parser:
    """The options every command has; they may stand before or after its name."""
    parser = Parser(add_help=False, prog="ainur-tui")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the configuration (else $AINUR_CONFIG)"
    )
    parser.add_argument("--env", metavar="NAME", help="which environment of it")
    parser.add_argument(
        "--read-only", action="store_true", help="nothing can be changed in this session"
    )
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option for scripts."""
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
