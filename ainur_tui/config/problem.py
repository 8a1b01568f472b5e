"""What is wrong with a configuration, located: file, line, key, what was expected, near names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault. ``line`` counts from 1; 0 means that the file as a whole is meant.

    ``message`` never repeats a value of the file: any value may be a secret.
    """

    file: str
    line: int
    key: str
    message: str
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        hint = f" (did you mean {' or '.join(self.near)}?)" if self.near else ""
        return f"{place}: {self.key + ': ' if self.key else ''}{self.message}{hint}"


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` holds everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
