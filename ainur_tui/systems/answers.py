"""What an answer must be before its fields are believed: strict where used, tolerant elsewhere.

(S-31: depth, finite numbers, bounded integers; F-06 to F-11: malformed, wrong type, HTML.)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean

DEPTH = 64
LARGEST = 1e18
"""Numbers beyond this are not quantities of ours; they are rejected (F-08)."""
_EXCERPT = 80


@dataclass(frozen=True)
class Answer:
    """What came back. ``seconds`` is the whole call's, ``at`` our clock when it was complete.

    Header names are in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    at: float

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty when none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def skew(self) -> float | None:
        """Seconds the peer's clock (Date header) is ahead of ours, to about a second (S-35)."""
        try:
            return parsedate_to_datetime(self.headers["date"]).timestamp() - self.at
        except (KeyError, ValueError, TypeError, OverflowError):
            return None


class Picked(NamedTuple):
    """A number out of an answer, or the reason why it is not known."""

    value: float | None
    reason: str | None = None


def json_of(answer: Answer) -> Any:
    """The JSON of an answer; an HTML page with status 200 is a bad answer, not a healthy one."""
    start = answer.body[:64].lstrip()
    if "html" in answer.content_type and not start.startswith((b"{", b"[")):
        raise ProbeFailure(
            "bad answer", f"an HTML page where JSON belongs: {_excerpt(answer.body)}"
        )
    return parse_json(answer.body)


def object_of(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer."""
    found = json_of(answer)
    if not isinstance(found, dict):
        raise ProbeFailure("bad answer", f"JSON, but {_kind(found)} where an object belongs")
    return found


def parse_json(body: bytes) -> Any:
    """Parse strictly: UTF-8, depth ≤ 64, finite numbers, integers within ±10¹⁸.

    Raises :class:`ProbeFailure` ``bad answer`` with the position and the first 80 characters.
    """
    if not body.strip():
        raise ProbeFailure("bad answer", "an empty answer where JSON belongs")
    try:
        found = json.loads(
            body.decode("utf-8-sig"),
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_not_finite,
        )
    except json.JSONDecodeError as error:
        raise _bad(f"bad JSON at position {error.pos}", body) from None
    except UnicodeDecodeError as error:
        raise _bad(f"bad JSON at position {error.start}: not UTF-8", body) from None
    except RecursionError:
        raise _bad(f"bad JSON: nested deeper than {DEPTH}", body) from None
    except ValueError as error:
        raise _bad(f"bad JSON: {error}", body) from None
    if _deeper_than(found, DEPTH):
        raise _bad(f"bad JSON: nested deeper than {DEPTH}", body)
    return found


def pick(found: Any, path: str) -> Any:
    """The value at a dotted ``path`` of nested objects, or ``None``."""
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    return found


def number(found: Any, path: str, *, low: float | None = 0.0) -> Picked:
    """The number at ``path``, not below ``low``; a string such as "N/A …" is unknown, never 0."""
    value = pick(found, path)
    if value is None:
        return Picked(None, f"no {path}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        shown = f'"{clean(value, 60)}"' if isinstance(value, str) else _kind(value)
        return Picked(None, f"{path} is {shown}, not a number")
    if not math.isfinite(value) or abs(value) > LARGEST:
        return Picked(None, f"{path} is out of range")
    if low is not None and value < low:
        return Picked(None, f"{path} is {value:g}, which cannot be")
    return Picked(float(value))


def text(found: Any, path: str, limit: int = 200) -> str | None:
    """The string at ``path`` as one clean line, or ``None``."""
    value = pick(found, path)
    return clean(value, limit) if isinstance(value, str) else None


def leaves(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested objects that is no object itself, with its dotted path."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, found


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > LARGEST:
        raise ValueError("an integer out of range")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number that is not finite")
    return value


def _not_finite(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _deeper_than(found: Any, most: int) -> bool:
    level = [found]
    for _ in range(most):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a text", bool: "a truth value"}
    return "null" if value is None else names.get(type(value), "a number")


def _excerpt(body: bytes) -> str:
    return clean(body[: _EXCERPT * 4].decode("utf-8", "replace")[:_EXCERPT])


def _bad(words: str, body: bytes) -> ProbeFailure:
    return ProbeFailure("bad answer", f"{words}: {_excerpt(body)}")
