"""What an expression of PromQL is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)


@dataclass(frozen=True)
class Matcher:
    """A label's condition: ``op`` is one of ``= != =~ !~``."""

    label: str
    op: str
    value: str


@dataclass(frozen=True)
class Selector:
    """Series by name and labels; ``window`` is the range in seconds, where there is one."""

    name: str
    matchers: tuple[Matcher, ...] = ()
    window: float | None = None

    def text(self) -> str:
        """The selector of its series now, as PromQL."""
        inner = ",".join(f"{m.label}{m.op}{quoted(m.value)}" for m in self.matchers)
        return f"{self.name}{{{inner}}}" if inner else self.name


@dataclass(frozen=True)
class Literal:
    """A number, or a text."""

    value: float | str


@dataclass(frozen=True)
class Call:
    """A function or an aggregation; ``labels`` are those it goes ``by`` (or ``without``)."""

    name: str
    args: tuple[Node, ...]
    grouping: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Binary:
    """Two sides and an operator; ``matching`` is what stands between (``on (job)``)."""

    op: str
    left: Node
    right: Node
    matching: str = ""


Node = Selector | Literal | Call | Binary


def quoted(text: str) -> str:
    """A text as PromQL's literal, whatever it holds."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def unquoted(literal: str) -> str:
    """What a literal stands for: Go's escapes in quotes, none between back quotes."""
    if literal[:1] == "`":
        return literal[1:-1]
    return _ESCAPE.sub(_escaped, literal[1:-1])


def _escaped(found: re.Match[str]) -> str:
    word = found[1]
    if word[0] in "xuU" and len(word) > 1:
        code = int(word[1:], 16)
        return chr(code) if code < 0x110000 else "\ufffd"
    return {"n": "\n", "t": "\t", "r": "\r"}.get(word, word)


def selectors(node: Node) -> Iterator[Selector]:
    """Every selector in it, from the left."""
    match node:
        case Selector():
            yield node
        case Call(args=args):
            for one in args:
                yield from selectors(one)
        case Binary(left=left, right=right):
            yield from selectors(left)
            yield from selectors(right)
