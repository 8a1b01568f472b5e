"""One thing that ``doctor`` has a system look at, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "warn"]


@dataclass(frozen=True)
class Examined:
    """``warn``: it should be otherwise; ``note``: it was not looked at, or nobody told."""

    name: str
    state: State
    words: str
