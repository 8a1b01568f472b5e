"""Files of Prometheus alert rules: read, explained, and made rules of ours that it evaluates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ainur_tui.model.alert import Rule, Severity
from ainur_tui.model.text import clean
from ainur_tui.model.units import duration, seconds
from ainur_tui.rules.prom import ql as promql
from ainur_tui.rules.prom.words import words
from ainur_tui.rules.severity import severity_of_labels

PREFIX = "promql."
"""What the signals of these rules begin with: how many series fulfil the condition now."""
MOST = 500
_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LABEL = re.compile(r"\$labels\.(\w+)")


class BadFile(ValueError):
    """What is wrong with a file of rules, as a sentence."""


class PromRule(msgspec.Struct, frozen=True, kw_only=True):
    """One alerting rule as its file has it; times are seconds. ``file`` is its origin."""

    name: str
    expr: str
    hold: float = 0.0
    keep_firing: float = 0.0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    group: str = ""
    file: str = ""

    @property
    def signal(self) -> str:
        """The signal that tells how many series fulfil it."""
        return PREFIX + self.name


def parse(text: str, file: str) -> list[PromRule]:
    """The alerting rules of a YAML file (recording rules are left out). Raises ``ValueError`` with
    a sentence for a file that makes no sense."""
    import yaml

    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise BadFile(f"{file}: not YAML{place}") from None
    groups = content.get("groups") if isinstance(content, dict) else None
    if not isinstance(groups, list):
        raise BadFile(f"{file}: no list of groups; is this a file of Prometheus rules?")
    found: list[PromRule] = []
    for group in groups:
        rules = group.get("rules") if isinstance(group, dict) else None
        if not isinstance(rules, list):
            raise BadFile(f"{file}: a group without a list of rules")
        name = clean(group.get("name", ""), 60)
        found += [_rule(one, name, file) for one in rules if _is_alert(one)]
    if len(found) > MOST:
        raise BadFile(f"{file}: more than {MOST} rules")
    return found


def renamed(rule: PromRule, name: str) -> PromRule:
    """The rule under a name that no other rule has."""
    return msgspec.structs.replace(rule, name=name)


def explain(rule: PromRule, own: Mapping[str, Severity]) -> str:
    """The rule as a sentence."""
    try:
        said = words(promql.parse(rule.expr))
    except ValueError as error:
        said = f"its expression ({error})"
    label = rule.labels.get("severity", "")
    told = f"{severity_of_labels(rule.labels, own)} (severity {label or 'not given'}) when {said}"
    if rule.hold:
        told += f" for {duration(rule.hold)}"
    if rule.keep_firing:
        told += f"; keeps firing for {duration(rule.keep_firing)}"
    return clean(told, 600)


def as_rule(rule: PromRule, own: Mapping[str, Severity]) -> Rule:
    """A rule of ours over the number of series that fulfil the condition, which Prometheus counts;
    so states, hold times, silences and back-tests are those of every rule."""
    return Rule(
        name=rule.name, signal=rule.signal, threshold=0.0, hold=rule.hold,
        keep_firing=rule.keep_firing, severity=severity_of_labels(rule.labels, own),
        summary="{note}", origin=rule.file,
    )  # fmt: skip


def render(template: str, labels: Mapping[str, str], value: float) -> str:
    """An annotation with ``$value`` and ``$labels`` filled in (G-077); what else stands in
    brackets stays as it is."""

    def filled(found: re.Match[str]) -> str:
        inner = found[1]
        if "$value" in inner:
            if "humanizePercentage" in inner:
                return f"{value * 100:.4g} %"
            return f"{value:.4g}"
        label = _LABEL.search(inner)
        return labels.get(label[1], "") if label else found[0]

    return clean(" ".join(_TEMPLATE.sub(filled, template).split()), 300)


def _is_alert(one: Any) -> bool:
    return isinstance(one, dict) and "alert" in one


def _rule(one: dict[str, Any], group: str, file: str) -> PromRule:
    name, expr = one["alert"], one.get("expr")
    if not isinstance(name, str) or not name.strip() or clean(name, 60) != name:
        raise BadFile(f"{file}: an alert's name is one line of at most 60 characters")
    if not isinstance(expr, str | int | float) or isinstance(expr, bool):
        raise BadFile(f"{file}: {name} has no expr")
    try:
        hold = seconds(str(one.get("for") or "0s"))
        keep = seconds(str(one.get("keep_firing_for") or "0s"))
    except ValueError as error:
        raise BadFile(f"{file}: {name}: {error}") from None
    return PromRule(
        name=name, expr=str(expr).strip(), hold=hold, keep_firing=keep,
        labels=_texts(one.get("labels")), annotations=_texts(one.get("annotations")), group=group,
        file=file,
    )  # fmt: skip


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {clean(key, 60): clean(item, 600) for key, item in value.items()}
