"""Values against types, all faults at once (msgspec alone stops at the first)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec import inspect

from ainur_tui.model.text import near

Path = tuple[str, ...]

ALIASES = {
    "database": "postgres", "db": "postgres", "postgresql": "postgres", "s3": "storage",
    "r2": "storage", "substrate": "node", "chain": "node", "web": "frontend", "backups": "backup",
}  # fmt: skip
"""What people call a section when they don't know its name here."""


@dataclass(frozen=True)
class Fault:
    """A value that is not what its type says; ``at`` is its key path."""

    at: Path
    message: str
    near: tuple[str, ...] = ()


def faults(value: Any, kind: type) -> list[Fault]:
    """Everything in ``value`` (builtins) that does not fit ``kind``, a struct."""
    return list(_walk(value, inspect.type_info(kind), ()))


def _walk(value: Any, kind: inspect.Type, at: Path) -> Iterator[Fault]:
    kind, described = _bare(kind)
    match kind:
        case inspect.UnionType(types=types):
            options = [_bare(option)[0] for option in types]
            structs = [o for o in options if isinstance(o, inspect.StructType)]
            if isinstance(value, dict) and structs:
                yield from _walk(value, structs[0], at)
            elif not any(_fits(value, option) for option in options):
                yield Fault(at, _mismatch(value, kind, described))
        case inspect.StructType():
            yield from _walk_struct(value, kind, at)
        case inspect.DictType(value_type=inner):
            if not isinstance(value, dict):
                yield Fault(at, _mismatch(value, kind, described))
                return
            for key, item in value.items():
                yield from _walk(item, inner, (*at, key))
        case inspect.ListType(item_type=inner):
            if not isinstance(value, list):
                yield Fault(at, _mismatch(value, kind, described))
                return
            for index, item in enumerate(value):
                yield from _walk(item, inner, (*at, str(index)))
        case _ if not _fits(value, kind):
            names = [str(v) for v in kind.values] if isinstance(kind, inspect.LiteralType) else []
            close = near(value, names) if isinstance(value, str) else []
            yield Fault(at, _mismatch(value, kind, described), tuple(close))


def _walk_struct(value: Any, kind: inspect.StructType, at: Path) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(at, _mismatch(value, kind, ""))
        return
    fields = {field.encode_name: field for field in kind.fields}
    for key, item in value.items():
        if key in fields:
            yield from _walk(item, fields[key].type, (*at, key))
        else:
            alias = ALIASES.get(key)
            close = [alias] if alias in fields else near(key, list(fields))
            yield Fault((*at, key), "this key is not known here", tuple(map(str, close)))
    for name, field in fields.items():
        if field.required and name not in value:
            yield Fault(
                (*at, name), f"this key is missing; expected {_expected(*_bare(field.type))}"
            )


def _bare(kind: inspect.Type) -> tuple[inspect.Type, str]:
    """The type without its annotations, and its description."""
    described = ""
    while isinstance(kind, inspect.Metadata):
        described = described or (kind.extra_json_schema or {}).get("description", "")
        kind = kind.type
    return kind, described


def _fits(value: Any, kind: inspect.Type) -> bool:
    match kind:
        case inspect.NoneType():
            return value is None
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.StrType():
            return isinstance(value, str)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _within(value, kind)
        case inspect.FloatType():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and math.isfinite(value) and _within(value, kind)
        case inspect.LiteralType(values=values):
            return any(value == v and type(value) is type(v) for v in values)
        case inspect.ListType(item_type=inner):
            return isinstance(value, list) and all(_fits(item, _bare(inner)[0]) for item in value)
        case _:
            return False


def _within(value: float, kind: inspect.IntType | inspect.FloatType) -> bool:
    return not (
        (kind.ge is not None and value < kind.ge)
        or (kind.le is not None and value > kind.le)
        or (kind.gt is not None and value <= kind.gt)
        or (kind.lt is not None and value >= kind.lt)
    )


def _mismatch(value: Any, kind: inspect.Type, described: str) -> str:
    return f"expected {_expected(kind, described)}, found {_found(value)}"


def _expected(kind: inspect.Type, described: str = "") -> str:
    words = _words(kind)
    return f"{words} ({described})" if described else words


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            return "text in quotes"
        case inspect.IntType():
            return _limits("a whole number", kind)
        case inspect.FloatType():
            return _limits("a number", kind)
        case inspect.LiteralType(values=values):
            return " or ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in values)
        case inspect.ListType(item_type=inner):
            return f"a list of {_words(_bare(inner)[0])}"
        case inspect.StructType(cls=cls) if cls.__name__ == "SecretRef":
            return '{ env = "NAME" }, { file = "PATH" } or { command = ["…"] }'
        case inspect.UnionType(types=types):
            options = [_bare(option)[0] for option in types]
            return " or ".join(_words(o) for o in options if not isinstance(o, inspect.NoneType))
        case _:
            return "a table of keys"


def _limits(words: str, kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f"{words} from {kind.ge:g} to {kind.le:g}"
    if kind.ge is not None:
        return f"{words} of at least {kind.ge:g}"
    return f"{words} above {kind.gt:g}" if kind.gt is not None else words


def _found(value: Any) -> str:
    """The sort of a value, never the value: it may be a secret."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else "a date or time"
