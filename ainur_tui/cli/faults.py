"""``ainur-tui demo fault``: break the miniature by name, and mend it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from ainur_tui.cli import errors
from ainur_tui.cli.invocation import Invocation
from ainur_tui.cli.output import columns
from ainur_tui.model.text import clean

DEADLINE = 15.0
"""Seconds the miniature may take to switch a fault."""


def run(call: Invocation, name: str | None, *, clear: bool) -> int:
    """List the faults, switch one on, or off with ``clear``."""
    address = _address(call)
    faults: list[dict[str, Any]] = _ask(address, "GET")["faults"]
    if name is None:
        rows = [[f["name"], f["summary"], "on" if f["on"] else ""] for f in faults]
        for line in columns(rows):
            call.output.line(line)
        return errors.OK
    names = [fault["name"] for fault in faults]
    if name not in names:
        raise errors.unknown("fault", name, names)
    _ask(f"{address}/{quote(name)}", "DELETE" if clear else "PUT")
    call.output.tell(f"{name} is {'mended' if clear else 'on'}")
    return errors.OK


def _address(call: Invocation) -> str:
    """The endpoint of the miniature that wrote the configuration."""
    file = call.loaded.path.parent / "endpoints.json"
    try:
        address = json.loads(file.read_text())["endpoints"]["faults"]
    except FileNotFoundError:
        raise errors.usage(
            f"{call.loaded.path} is not the configuration of a miniature; faults are only for one:"
            " ainur-tui --config DIR/config.toml demo fault"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise errors.Stop(f"{file} is not what a miniature writes", errors.BAD_DATA) from None
    if not isinstance(address, str) or not address.startswith("http://127.0.0.1:"):
        raise errors.Stop(f"{file} names no address of this machine", errors.BAD_DATA)
    return address.rstrip("/")


def _ask(address: str, method: str) -> dict[str, Any]:
    request = urllib.request.Request(address, method=method)  # noqa: S310 – checked above
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=DEADLINE) as answer:
            found: dict[str, Any] = json.loads(answer.read(1 << 20) or b"{}")
            return found
    except urllib.error.HTTPError as error:
        raise errors.Stop(f"the miniature refused it: {_why(error)}", errors.UNAVAILABLE) from None
    except (OSError, ValueError):
        raise errors.Stop(
            "the miniature does not answer; has it ended? start it with: ainur-tui demo",
            errors.UNAVAILABLE,
        ) from None


def _why(error: urllib.error.HTTPError) -> str:
    """The sentence that came with a refusal, or its code."""
    try:
        return clean(str(json.loads(error.read(1 << 16))["error"]), 200)
    except (OSError, ValueError, KeyError, TypeError):
        return f"HTTP {error.code} {clean(error.reason, 80)}"
