"""The alert rules that come with the program, and those of a file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources

import msgspec
from msgspec.structs import replace

from ainur_tui.model.alert import Rule, RuleChange
from ainur_tui.model.text import clean, meant


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: list[Rule]


def parse(text: str, origin: str | None = None) -> list[Rule]:
    """Rules from TOML, all of the ``origin`` where one is given; raises ``ValueError`` with a
    sentence for a file that makes no sense."""
    try:
        rules = msgspec.convert(tomllib.loads(text), _File).rule
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"not a file of alert rules: {error}") from error
    names = [rule.name for rule in rules]
    for rule in rules:
        if names.count(rule.name) > 1:
            raise ValueError(f"two rules are called {rule.name}")
        if why := fault(rule):
            raise ValueError(f"{rule.name}: {why}")
    return [replace(rule, origin=origin) for rule in rules] if origin else rules


def fault(rule: Rule) -> str | None:
    """Why a rule cannot hold, as a sentence part; ``None`` where it can."""
    if clean(rule.name, 60) != rule.name or not rule.name.strip():
        return "a name is one line of at most 60 characters"
    if min(rule.hold, rule.keep_firing) < 0 or rule.no_data_after <= 0:
        return "times are seconds, not below 0"
    if not 1 <= rule.at_least <= rule.of <= 100:
        return "at_least is 1 to of, and of at most 100"
    if rule.min_sample and not rule.sample:
        return "min_sample needs the signal it is about (sample)"
    wider = rule.clear is not None and (
        rule.clear > rule.threshold if rule.op == "above" else rule.clear < rule.threshold
    )
    if wider:
        return "the threshold for leaving lies beyond the other"
    try:
        rule.summary.format(target="", value="", threshold="", note="")
    except (KeyError, IndexError, ValueError, AttributeError):
        return "the summary names something unknown"
    return None


def changed(
    rules: Sequence[Rule], changes: Mapping[str, RuleChange], disabled: Sequence[str]
) -> tuple[list[Rule], list[str]]:
    """The rules with a configuration's changes, and a sentence for each that cannot be made: a
    name that is no rule's, a rule that could not hold."""
    names = [rule.name for rule in rules]
    told = []
    for name in [*changes, *disabled]:
        if name not in names:
            told.append(f"there is no alert rule {clean(name, 60)!r}{meant(name, names)}")
    found = []
    for rule in rules:
        if rule.name in disabled:
            continue
        made = _with(rule, changes[rule.name]) if rule.name in changes else rule
        if why := fault(made):
            told.append(f"the change of the alert rule {rule.name} is left out: {why}")
            made = rule
        found.append(made)
    return found, told


def rules() -> list[Rule]:
    """The guide's rules and the repository's, each telling where it comes from."""
    return parse(resources.files("ainur_tui.rules").joinpath("rules.toml").read_text("utf-8"))


def _with(rule: Rule, change: RuleChange) -> Rule:
    given = {k: v for k, v in msgspec.structs.asdict(change).items() if v is not None}
    if "threshold" in given and "clear" not in given:
        given["clear"] = None  # the old one belongs to the old threshold
    note = f"changed by the configuration; it is {rule.origin}'s"
    return replace(rule, **given, origin="user", note=note)
