"""What a page says of the site: whether it is one at all, and whether it asks for patience."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean
from ainur_tui.systems.answers import Answer

_HEAD = 256 * 1024
"""Bytes of a page that are looked at."""
_HTML = re.compile(r"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style|template)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_MARKED = re.compile(r"<(?:html|body|main|div)\b[^>]*\bmaintenance\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_MAINTENANCE = re.compile(
    r"\b(?:under|down for|scheduled|undergoing|in) maintenance\b|\bmaintenance mode\b"
    r"|\bwe(?:'|’)ll be (?:right )?back\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Page:
    """``title`` is clean; ``maintenance`` is the words that say so, or ``None``."""

    title: str
    maintenance: str | None


def read_page(answer: Answer) -> Page:
    """Raises :class:`ProbeFailure` ``bad answer`` when the answer is no HTML page."""
    text = answer.body[:_HEAD].decode("utf-8", "replace")
    if not text.strip():
        raise ProbeFailure("bad answer", f"{answer.status} with an empty page")
    if not _HTML.search(text[:4096]):
        kind = clean(answer.content_type, 40) or "no content type"
        raise ProbeFailure("bad answer", f"no HTML page ({kind}): {clean(text[:80])}")
    title = _TITLE.search(text)
    shown = " ".join(_TAG.sub(" ", _HIDDEN.sub(" ", text)).split())
    said = _MAINTENANCE.search(shown)
    marked = _MARKED.search(text)
    return Page(
        title=clean(" ".join(title[1].split()), 80) if title else "",
        maintenance=clean(said[0], 60) if said else "marked in the page" if marked else None,
    )
