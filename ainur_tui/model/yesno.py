"""Signals that are yes or no, as parts of a sentence."""

from __future__ import annotations


def asked(name: str, title: str) -> str:
    """What such a signal asks: ``API serves`` where its title is the bare name of a thing,
    ``Network well`` of a judgement; other titles say it already (``database answers``)."""
    if not title.isalpha():
        return title
    return f"{title} {'serves' if name.endswith('.up') else 'well'}"


def answered(name: str, title: str, *, yes: bool) -> str:
    """With its answer: ``API serves: no``."""
    return f"{asked(name, title)}: {'yes' if yes else 'no'}"
