"""Rules as a Prometheus has them: ours told in its language, those of its files as they stand."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

import msgspec

from ainur_tui.model.alert import Rule, Severity
from ainur_tui.model.severity import LABEL_OF
from ainur_tui.model.text import clean
from ainur_tui.model.units import show
from ainur_tui.rules.prom.rules import PromRule
from ainur_tui.rules.severity import severity_of_labels

_VALUES = {
    "ratio": "{{ $value | humanizePercentage }}", "s": "{{ $value | humanizeDuration }}",
    "B": "{{ $value | humanize1024 }}B",
}  # fmt: skip
"""How a template writes a value of a unit; others are written as a plain number."""
_NUMBER = '{{ $value | printf "%.4g" }}'


class Series(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signal as PromQL, in its own unit; ``guide`` by the guide's names, where it has some."""

    signal: str
    unit: str
    target: str
    expr: str
    guide: str = ""
    each: str = ""
    where: str = ""
    note: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    series: list[Series]
    missing: dict[str, str]


@dataclass
class Outgoing:
    """Rules that can be told, each with sentences of what Prometheus does otherwise, and why the
    others cannot, by their names."""

    rules: list[tuple[PromRule, list[str]]] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def outgoing(
    rules: Sequence[Rule],
    prom: Mapping[str, PromRule],
    own: Mapping[str, Severity],
    *,
    guide_names: bool = False,
) -> Outgoing:
    """The rules that hold, for a Prometheus. ``prom`` are those of its own form by name, ``own``
    is the environment's table of severities; ``guide_names`` prefers the guide's metrics."""
    text = resources.files("ainur_tui.rules").joinpath("promseries.toml").read_text("utf-8")
    file = msgspec.convert(tomllib.loads(text), _File)
    known = {one.signal: one for one in file.series}
    found = Outgoing()
    for rule in rules:
        series = known.get(rule.signal)
        if rule.name in prom:
            found.rules.append((_theirs(rule, prom[rule.name], own), []))
        elif series is None or rule.share:
            found.left_out[rule.name] = f"{rule.signal}: {_why(rule.signal, file.missing)}"
        else:
            made = _ours(rule, series, known.get(rule.sample or ""), guide_names=guide_names)
            found.rules.append((made, _otherwise(rule, series, known)))
    return found


def _theirs(rule: Rule, prom: PromRule, own: Mapping[str, Severity]) -> PromRule:
    """A rule of a Prometheus file with what the configuration changed of it."""
    labels = dict(prom.labels)
    if severity_of_labels(labels, own) != rule.severity:
        labels |= _labels(rule.severity)
    # Here its threshold is a number of series; unless somebody changed it, one is enough.
    expr = f"count({prom.expr}) > {rule.threshold:.15g}" if rule.threshold else prom.expr
    return msgspec.structs.replace(
        prom, expr=expr, hold=rule.hold, keep_firing=rule.keep_firing, labels=labels
    )


def _ours(rule: Rule, series: Series, sample: Series | None, *, guide_names: bool) -> PromRule:
    def asked(one: Series) -> str:
        return one.guide if guide_names and one.guide else one.expr

    sign = ">" if rule.op == "above" else "<"
    expr = f"{asked(series)} {sign} {rule.threshold:.15g}"
    if series.where:
        expr += f" and {series.where}"
    if sample is not None and rule.min_sample:
        expr += f" and on () {asked(sample)} >= {rule.min_sample:.15g}"
    summary = rule.summary.format(
        target=f"{{{{ $labels.{series.each} }}}}" if series.each else series.target,
        value=_VALUES.get(series.unit, _NUMBER), threshold=show(rule.threshold, series.unit),
        note="",
    )  # fmt: skip
    return PromRule(
        name=rule.name, expr=expr, hold=rule.hold, keep_firing=rule.keep_firing,
        labels=_labels(rule.severity) | {"target": series.target},
        annotations={"summary": clean(summary.strip(), 300)}, group=f"ainur-{rule.origin}",
    )  # fmt: skip


def _otherwise(rule: Rule, series: Series, known: Mapping[str, Series]) -> list[str]:
    """What of a rule Prometheus does not do, or does otherwise."""
    told = [rule.note, series.note]
    if rule.clear is not None and rule.clear != rule.threshold:
        told.append(f"here it is over only at {show(rule.clear, series.unit)}: there is no second"
                    " threshold there")  # fmt: skip
    if rule.of > 1:
        told.append(f"here {rule.at_least} of the last {rule.of} samples are enough: there every"
                    " one counts")  # fmt: skip
    if rule.min_sample and rule.sample not in known:
        told.append(f"here nothing fires while {rule.sample} is under {rule.min_sample:g}: "
                    "no metric tells it")  # fmt: skip
    return [clean(one, 300) for one in told if one]


def _labels(severity: Severity) -> dict[str, str]:
    return {"severity": LABEL_OF[severity], "priority": severity}


def _why(signal: str, missing: Mapping[str, str]) -> str:
    """The reason that stands for the longest part its name begins with."""
    parts = signal.split(".")
    names = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((missing[name] for name in names if name in missing), missing[""])


def written(found: Outgoing, heading: Sequence[str]) -> str:
    """The file: YAML, with comments for what a reader should know."""
    import yaml

    groups: dict[str, list[str]] = {}
    for rule, told in found.rules:
        entry = {
            "alert": rule.name, "expr": rule.expr, "for": _time(rule.hold),
            "keep_firing_for": _time(rule.keep_firing), "labels": rule.labels,
            "annotations": rule.annotations,
        }  # fmt: skip
        text = yaml.safe_dump([{key: value for key, value in entry.items() if value}],
                              sort_keys=False, allow_unicode=True, width=10_000)  # fmt: skip
        lines = [f"# {one}" for one in told] + text.splitlines()
        groups.setdefault(rule.group or rule.file, []).extend(f"  {line}" for line in lines)
    out = [*(f"# {line}".rstrip() for line in heading), "groups:" if groups else "groups: []"]
    for name, lines in groups.items():
        head = yaml.safe_dump([{"name": name}], allow_unicode=True).splitlines()
        out += [*head, "  rules:", *lines]
    if found.left_out:
        out += ["", "# Left out:"]
        out += [f"#   {name}: {clean(why, 300)}" for name, why in found.left_out.items()]
    return "\n".join(out) + "\n"


def _time(seconds: float) -> str:
    """A duration as Prometheus has it; nothing for none."""
    if seconds % 60 == 0:
        return f"{seconds / 60:.0f}m" if seconds else ""
    return f"{seconds:.0f}s" if seconds % 1 == 0 else f"{seconds * 1000:.0f}ms"
