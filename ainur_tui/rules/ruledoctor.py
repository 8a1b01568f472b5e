"""Rules under examination: what can never fire here, compares unlike things, or contradicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

from ainur_tui.model import units
from ainur_tui.model.alert import Rule
from ainur_tui.model.alertcalls import Diagnosis, Trouble
from ainur_tui.model.signal import Signal
from ainur_tui.model.text import near
from ainur_tui.rules.prom.rules import PREFIX

ORDER: tuple[Trouble, ...] = ("never", "unit", "severity", "note")
_FAR = 50.0
"""Times a threshold may lie from the signal's own before another unit is likely meant."""


def examine(
    rules: Sequence[Rule], signals: Mapping[str, Signal], delivered: Callable[[str], bool]
) -> list[Diagnosis]:
    """Everything found, worst first. ``signals`` are those that are read here, ``delivered`` tells
    by a rule's name whether a value of its signal ever came."""
    found: list[Diagnosis] = []
    for rule in rules:
        if rule.signal.startswith(PREFIX):
            continue
        signal = signals.get(rule.signal)
        if signal is None:
            found.append(_unknown(rule, signals))
            continue
        found += _units(rule, signal)
        if rule.sample and rule.sample not in signals:
            found.append(_told(rule, "note", f"its sample {rule.sample} is not read here, so that "
                               "it is judged however few there are"))  # fmt: skip
        if not delivered(rule.name):
            found.append(_told(rule, "never", f"no value of {rule.signal} has come yet"))
    found += _contradictions(rules)
    return ordered(found)


def ordered(found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Worst first; a person's own rules before those that come with the program."""
    return sorted(
        found, key=lambda d: (ORDER.index(d.trouble), d.origin in _SHIPPED, d.rule, d.text)
    )


_SHIPPED = frozenset({"guide", "repository", "ours"})


def _told(rule: Rule, trouble: Trouble, text: str, hint: str = "") -> Diagnosis:
    return Diagnosis(rule=rule.name, origin=rule.origin, trouble=trouble, text=text, hint=hint)


def _unknown(rule: Rule, signals: Mapping[str, Signal]) -> Diagnosis:
    head = rule.signal.partition(".")[0]
    if not any(name.startswith(f"{head}.") for name in signals):
        return _told(rule, "note", f"{rule.signal} is not read: no {head} is watched here")
    close = near(rule.signal, list(signals))
    hint = f"did you mean {' or '.join(close)}?" if close and rule.origin not in _SHIPPED else ""
    return _told(rule, "never", f"nothing here delivers {rule.signal}", hint)


def _units(rule: Rule, signal: Signal) -> Iterator[Diagnosis]:
    """Thresholds that cannot be passed, or are likely meant in another unit."""
    unit = "ratio" if rule.share else signal.unit
    limit, shown = rule.threshold, units.show(rule.threshold, unit)
    if unit == "bool":
        if limit >= 1 if rule.op == "above" else limit <= 0:
            yield _told(rule, "never", f"{rule.signal} is 0 or 1, never {rule.op} {limit:g}")
        return
    top = 1.0 if rule.share else signal.scale
    if unit == "ratio" and rule.op == "above" and limit >= 10:
        yield _told(
            rule, "unit", f"{rule.signal} is a ratio: {limit:g} is {shown}",
            f"if {limit:g} % was meant, write {limit / 100:g}",
        )  # fmt: skip
    elif top is not None and rule.op == "above" and limit >= top:
        yield _told(rule, "never", f"{rule.signal} is at most {units.show(top, unit)}")
    elif unit in {"s", "ratio"} and not rule.share:
        own = [t for t in (signal.warn, signal.fail) if t]
        if own and limit and not min(own) / _FAR <= limit <= max(own) * _FAR:
            thousandth = unit == "s" and limit > max(own)
            yield _told(
                rule, "unit",
                f"{shown} lies far from the signal's own threshold {units.show(own[0], unit)}",
                f"if {limit:g} ms was meant, write {limit / 1000:g}" if thousandth else "",
            )  # fmt: skip


def _contradictions(rules: Sequence[Rule]) -> Iterator[Diagnosis]:
    """Two rules on one signal: what lies further must not count for less."""
    by_signal: dict[tuple[str, str, bool], list[Rule]] = {}
    for rule in rules:
        if not rule.signal.startswith(PREFIX):
            by_signal.setdefault((rule.signal, rule.op, rule.share), []).append(rule)
    for same in by_signal.values():
        for one, other in combinations(same, 2):
            near_, far = sorted((one, other), key=_reach)
            if near_.threshold == far.threshold:
                longer, shorter = (one, other) if one.hold > other.hold else (other, one)
                if one.severity == other.severity and one.hold == other.hold:
                    yield _told(one, "note", f"{other.name} says the same")
                elif longer.severity > shorter.severity:
                    yield _told(longer, "severity", f"{longer.severity}, though {shorter.name} is "
                                f"{shorter.severity} on the same threshold, sooner")  # fmt: skip
            elif far.severity > near_.severity and far.hold >= near_.hold:
                yield _told(
                    far, "severity",
                    f"{far.severity} lies beyond {near_.name}, which is {near_.severity} already",
                    f"{far.severity} is never the worst of the two: give it {near_.severity}",
                )  # fmt: skip


def _reach(rule: Rule) -> float:
    return rule.threshold if rule.op == "above" else -rule.threshold
