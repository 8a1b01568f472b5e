"""Where in a TOML text each key stands: ``tomllib`` gives values without places."""

from __future__ import annotations

import re

Path = tuple[str, ...]

_PART = r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
_KEY = re.compile(rf"[ \t]*((?:{_PART})(?:[ \t]*\.[ \t]*(?:{_PART}))*)[ \t]*")
_HEADER = re.compile(r"[ \t]*\[{1,2}")
_PARTS = re.compile(_PART)
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|'
    r"'''.*?'''|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'|#[^\n]*|[\[\]{}]|\n|[^\"'#\[\]{}\n]+|.",
    re.DOTALL,
)


class Lines:
    """The line of every key path of a valid TOML text. Inline tables answer with their key's; the
    elements of an array of tables have their number (from 0) in the path."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._scan(text.replace("\r\n", "\n"))

    def of(self, path: Path) -> int:
        """The line (from 1) of ``path``, or of its nearest parent that stands somewhere; else 0."""
        for length in range(len(path), 0, -1):
            if line := self._lines.get(path[:length]):
                return line
        return 0

    def _scan(self, text: str) -> None:
        table: Path = ()
        elements: dict[Path, int] = {}
        at = 0
        line = 1
        while at < len(text):
            start = at
            header = _HEADER.match(text, at)
            found = _KEY.match(text, header.end() if header else at)
            if found:
                path = tuple(part.strip("\"'") for part in _PARTS.findall(found[1]))
                if header:
                    if header[0].endswith("[["):
                        elements[path] = elements.get(path, -1) + 1
                    table = path = _element(path, elements)
                whole = path if header else (*table, *path)
                for length in range(len(table) + 1 if not header else 1, len(whole) + 1):
                    self._lines.setdefault(whole[:length], line)
            at = _end_of_statement(text, at)
            line += text.count("\n", start, at)


def _element(path: Path, elements: dict[Path, int]) -> Path:
    """The path of a header with the number of the element in each array of tables it goes into."""
    whole: Path = ()
    for length in range(1, len(path) + 1):
        number = elements.get(path[:length])
        whole = (*whole, path[length - 1], *(() if number is None else (str(number),)))
    return whole


def _end_of_statement(text: str, at: int) -> int:
    """The place after the newline that ends the statement at ``at``."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        word = token[0]
        if word in {"[", "{"}:
            depth += 1
        elif word in {"]", "}"}:
            depth -= 1
        elif word == "\n" and depth <= 0:
            return token.end()
    return len(text)
