"""Prometheus rules under examination: the mistakes of the guide's own file among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ainur_tui.model.alert import Rule, Severity
from ainur_tui.model.alertcalls import Diagnosis, Trouble
from ainur_tui.model.severity import SEVERITY_OF
from ainur_tui.model.text import near
from ainur_tui.rules.prom import ql as promql
from ainur_tui.rules.prom import tree as promtree
from ainur_tui.rules.prom.ql import AGGREGATIONS, COMPARISONS
from ainur_tui.rules.prom.rules import PromRule
from ainur_tui.rules.prom.tree import Binary, Call, Literal, Node, Selector
from ainur_tui.rules.severity import severity_of_labels

USUAL = {
    "substrate_block_height_finalized": 'substrate_block_height{status="finalized"}',
    "substrate_block_height_best": 'substrate_block_height{status="best"}',
    "postgres_connections_active": "sum(pg_stat_activity_count)",
    "postgres_connections_max": "pg_settings_max_connections",
    "http_requests_total": "ainur_api_requests_total",
    "http_request_duration_seconds": "ainur_api_request_duration_seconds",
}
"""Names of the guide that no usual exporter has (G-295), and what stands in their place."""
_RATES = frozenset({"rate", "irate"})
_STATUS = frozenset({"status", "code", "status_code"})


def examine(
    rule: PromRule,
    own: Mapping[str, Severity],
    *,
    exists: Mapping[str, bool] | None = None,
    names: Sequence[str] = (),
    ours: Mapping[str, Rule] | None = None,
) -> list[Diagnosis]:
    """Everything found. ``exists`` tells by the text of a selector whether Prometheus has a series
    of it now (``None``: it was not asked), ``names`` are all it has; ``ours`` the rules of the same
    name that come with the program."""

    def told(trouble: Trouble, text: str, hint: str = "") -> Diagnosis:
        return Diagnosis(rule=rule.name, origin=rule.file, trouble=trouble, text=text, hint=hint)

    try:
        tree = promql.parse(rule.expr)
    except ValueError as error:
        return [told("never", f"its expression is not PromQL: {error}")]
    found = [told(*what) for what in (*_shape(tree), *_sides(tree), *_series(tree, exists, names))]
    return [*found, *(told(*what) for what in _severity(rule, own, ours or {}))]


def lacking(expr: str, exists: Mapping[str, bool], names: Sequence[str]) -> list[Diagnosis]:
    """The series of an expression that are not there now, each with what may have been meant."""
    try:
        tree = promql.parse(expr)
    except ValueError:
        return []
    return [
        Diagnosis(rule="", origin="", trouble=trouble, text=text, hint=hint)
        for trouble, text, hint in _series(tree, exists, names) if trouble == "never"
    ]  # fmt: skip


_Said = tuple[Trouble, str, str]


def _shape(tree: Node) -> Iterator[_Said]:
    """How the expression compares."""
    if isinstance(tree, Call) and tree.name == "absent":
        return
    if not isinstance(tree, Binary) or tree.op not in {*COMPARISONS, "and", "or", "unless"}:
        yield "unit", "it compares nothing: it fires as long as there is any such series", ""
    elif "bool" in tree.matching:
        yield "unit", "a comparison with bool has a result either way: it always fires", "drop bool"


def _sides(tree: Node) -> Iterator[_Said]:
    """Every comparison with a number, and every division."""
    match tree:
        case Binary(op=op, left=left, right=Literal(value=float() as limit)) if op in COMPARISONS:
            yield from _compared(left, limit)
            yield from _sides(left)
        case Binary(op="/", left=left, right=right):
            yield from _divided(left, right)
            yield from _sides(left)
            yield from _sides(right)
        case Binary(left=left, right=right):
            yield from _sides(left)
            yield from _sides(right)
        case Call(args=args):
            for one in args:
                yield from _sides(one)


def _compared(left: Node, limit: float) -> Iterator[_Said]:
    inner, summed = _inside(left)
    if isinstance(inner, Call) and inner.name in _RATES and inner.args:
        series = inner.args[-1]
        if isinstance(series, Selector) and _of_errors(series) and 0 < limit <= 1:
            each = "" if summed else " of each series by itself"
            yield (
                "unit",
                f"compares errors per second{each} with {limit:g}, not {limit * 100:g} %: at "
                f"100 requests/s it fires at {limit:g} %, at one a minute perhaps never",
                _ratio(series, limit),
            )
    elif isinstance(inner, Selector):
        if inner.name.endswith("_total"):
            yield ("unit", f"{inner.name} counts since its process began and only grows",
                   f"compare rate({inner.text()}[5m])")  # fmt: skip
        elif inner.name.endswith("_bytes") and 0 < limit <= 100:
            yield ("unit", f"{inner.name} is in bytes, {limit:g} looks like a percentage",
                   "divide by the limit of the machine")  # fmt: skip
        elif inner.name.endswith("_seconds") and limit >= 20:
            yield ("unit", f"{inner.name} is in seconds: {limit:g} s", f"{limit / 1000:g}, if "
                   f"{limit:g} ms was meant")  # fmt: skip


def _divided(left: Node, right: Node) -> Iterator[_Said]:
    (one, summed), (other, summed_too) = _inside(left), _inside(right)
    both = [
        side.args[-1] if isinstance(side, Call) and side.args else side for side in (one, other)
    ]
    if summed or summed_too or not all(isinstance(side, Selector) for side in both):
        return
    above, below = both
    assert isinstance(above, Selector)  # noqa: S101 - told to the type checker
    assert isinstance(below, Selector)  # noqa: S101
    if above.name == below.name and above.matchers != below.matchers:
        yield (
            "unit",
            "divides series by series of the same labels: each of the errors is divided by itself, "
            "so that it is always 100 %",
            _ratio(above, None),
        )


def _series(tree: Node, exists: Mapping[str, bool] | None, names: Sequence[str]) -> Iterator[_Said]:
    for one in dict.fromkeys(promtree.selectors(tree)):
        there = None if exists is None else exists.get(one.text())
        if there:
            continue
        quantile = next((m.value for m in one.matchers if m.label == "quantile"), None)
        if quantile is not None:
            buckets = [f"{one.name}_bucket", f"{USUAL.get(one.name, one.name)}_bucket"]
            bucket = next((name for name in buckets if name in names), None)
            histogram = bucket is not None
            yield (
                "never" if there is False else "note",
                f'{one.name}{{quantile="{quantile}"}} exists for a summary only'
                + (
                    "; here it is a histogram"
                    if histogram
                    else "; of a histogram it is never there"
                )
                + ", and quantiles cannot be put together over machines",
                f"histogram_quantile({quantile}, sum by (le) (rate({bucket or buckets[0]}[5m])))",
            )
        elif there is False:
            close = near(one.name, list(names), 2)
            usual = USUAL.get(one.name, "")
            meant = [usual] if usual and (not names or _name_in(usual, names)) else close
            hint = f"did you mean {' or '.join(meant)}?" if meant else ""
            yield "never", f"there is no series {one.text()} now", hint
        elif one.name in USUAL:
            yield "note", f"{one.name} is no usual name", f"exporters have {USUAL[one.name]}"


def _severity(
    rule: PromRule, own: Mapping[str, Severity], ours: Mapping[str, Rule]
) -> Iterator[_Said]:
    label = rule.labels.get("severity", "")
    known = {*SEVERITY_OF, *(name.lower() for name in own), "p1", "p2", "p3", "p4"}
    here = severity_of_labels(rule.labels, own)
    if label.lower() not in known:
        what = f"its severity {label!r} is not in the table" if label else "it has no severity"
        yield "severity", f"{what}: it counts as {here}", "map it in alerts.severity"
    name = rule.name.partition(" (")[0]
    same = ours.get(name)
    if same is not None and same.severity != here:
        yield (
            "severity",
            f"{label or 'no severity'} counts as {here}; the {same.origin}'s {name} is "
            f"{same.severity} here" + (f" ({same.note})" if same.note else ""),
            "",
        )


def _inside(node: Node) -> tuple[Node, bool]:
    """What is aggregated or multiplied, and whether it is aggregated at all."""
    summed = False
    while True:
        if isinstance(node, Call) and node.name in AGGREGATIONS and node.args:
            node, summed = node.args[-1], True
        elif isinstance(node, Binary) and node.op == "*" and isinstance(node.right, Literal):
            node = node.left
        else:
            return node, summed


def _of_errors(series: Selector) -> bool:
    bad = any(m.label in _STATUS and m.value.startswith(("5", "4")) for m in series.matchers)
    return bad or "error" in series.name or "fail" in series.name


def _ratio(errors: Selector, limit: float | None) -> str:
    """The ratio of errors, summed on both sides."""
    rest = tuple(m for m in errors.matchers if m.label not in _STATUS)
    seconds = errors.window or 300.0
    window = f"{seconds / 60:.0f}m" if seconds % 60 == 0 else f"{seconds:.0f}s"
    total = Selector(errors.name, rest)
    plain = Selector(errors.name, errors.matchers)
    form = f"sum(rate({plain.text()}[{window}])) / sum(rate({total.text()}[{window}]))"
    return form if limit is None else f"{form} > {limit:g}"


def _name_in(usual: str, names: Sequence[str]) -> bool:
    return any(name in usual for name in names)
