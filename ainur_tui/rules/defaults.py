"""The alert rules that come with the program."""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec

from ainur_tui.model.alert import Rule


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: list[Rule]


def parse(text: str) -> list[Rule]:
    """Rules from TOML; raises ``ValueError`` with a sentence for a file that makes no sense."""
    try:
        rules = msgspec.convert(tomllib.loads(text), _File).rule
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"not a file of alert rules: {error}") from error
    names = [rule.name for rule in rules]
    for rule in rules:
        if names.count(rule.name) > 1:
            raise ValueError(f"two rules are called {rule.name}")
        if min(rule.hold, rule.keep_firing) < 0 or rule.no_data_after <= 0:
            raise ValueError(f"{rule.name}: times are seconds, not below 0")
        wider = rule.clear is not None and (
            rule.clear > rule.threshold if rule.op == "above" else rule.clear < rule.threshold
        )
        if wider:
            raise ValueError(f"{rule.name}: the threshold for leaving lies beyond the other")
        try:
            rule.summary.format(target="", value="", threshold="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"{rule.name}: the summary names something unknown") from error
    return rules


def rules() -> list[Rule]:
    """The guide's rules and the repository's, each telling where it comes from."""
    return parse(resources.files("ainur_tui.rules").joinpath("rules.toml").read_text("utf-8"))
