"""JSON Schema of the configuration file, made from the types."""

from __future__ import annotations

from typing import Any

import msgspec

from ainur_tui.config.types import Config


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12) that editors use to complete and check the file."""
    made = msgspec.json.schema(Config)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ainur Console configuration",
        **made,
    }
