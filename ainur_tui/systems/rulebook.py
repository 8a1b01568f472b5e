"""The alert rules that hold here: ours, those of the files the configuration names, its changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ainur_tui.config import safefile
from ainur_tui.config.types import Alerts
from ainur_tui.model.alert import Rule
from ainur_tui.model.text import clean
from ainur_tui.rules import defaults
from ainur_tui.rules.prom import rules as promrules
from ainur_tui.rules.prom.rules import PromRule


@dataclass
class Rulebook:
    """``rules`` are judged here. ``prom`` are those of Prometheus' own form, by name; without a
    Prometheus they are explained only. ``off`` maps a rule that is not judged to the reason.
    ``problems`` are sentences: a file that cannot be read costs its rules and no other."""

    rules: list[Rule] = field(default_factory=list)
    prom: dict[str, PromRule] = field(default_factory=dict)
    off: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def rulebook(alerts: Alerts, *, prometheus: bool) -> Rulebook:
    """Read everything. ``prometheus``: there is one to evaluate PromQL."""
    book = Rulebook(rules=defaults.rules())
    for name in alerts.rules:
        path = Path(name)
        try:
            text = _text(path)
            if path.suffix == ".toml":
                _add(book, defaults.parse(text, "user"), path.name)
            else:
                _add_prom(book, promrules.parse(text, path.name), alerts, prometheus=prometheus)
        except (safefile.Unreadable, ValueError) as problem:
            why = clean(str(problem).removeprefix(f"{path.name}: "), 300)
            book.problems.append(f"alert rules of {clean(path.name, 60)} are left out: {why}")
    book.rules, told = defaults.changed(book.rules, alerts.change, alerts.disabled)
    book.off |= dict.fromkeys(alerts.disabled, "disabled in the configuration")
    book.problems += told
    return book


def _text(path: Path) -> str:
    try:
        return safefile.read(path).data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None


def _add(book: Rulebook, rules: Sequence[Rule], file: str) -> None:
    """A rule of a file replaces ours of the same name: that is how one is rewritten whole."""
    names = {rule.name for rule in rules}
    taken = names & book.prom.keys()
    if taken:
        raise ValueError(f"{file}: {', '.join(sorted(taken))} stands in another file already")
    book.rules = [*(rule for rule in book.rules if rule.name not in names), *rules]


def _add_prom(
    book: Rulebook, rules: Sequence[PromRule], alerts: Alerts, *, prometheus: bool
) -> None:
    ours = {rule.name for rule in book.rules}
    for rule in rules:
        name = rule.name
        if name in ours or name in book.prom:
            # Both are judged: the file's own name stays readable beside ours.
            name = f"{rule.name} ({rule.file})"
        named = promrules.renamed(rule, name)
        book.prom[name] = named
        if prometheus:
            book.rules.append(promrules.as_rule(named, alerts.severity))
        else:
            book.off[name] = "no Prometheus is configured to evaluate it"
