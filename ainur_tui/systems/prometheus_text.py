"""The Prometheus text exposition format, and sums over its counters and histograms."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean

MOST_SAMPLES = 200_000

Labels = tuple[tuple[str, str], ...]

_SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*"
    r"(?:\{(?P<labels>(?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*)\})?"
    r"[ \t]*(?P<value>[^ \t{}]+)(?:[ \t]+-?\d+)?[ \t]*\Z"
)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(
    r"[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*\"((?:[^\"\\]|\\.)*)\"[ \t]*(?:,|\Z)"
)
_ESCAPE = re.compile(r"\\(.)")


@dataclass
class Scrape:
    """Samples by metric name, then by labels (sorted pairs). ``rejected`` lines were unusable."""

    samples: dict[str, dict[Labels, float]] = field(default_factory=dict)
    rejected: int = 0

    def first_of(self, names: Collection[str]) -> str | None:
        """The first of these names that is there."""
        return next((name for name in names if name in self.samples), None)

    def total(self, name: str) -> float | None:
        """The sum over all label sets of a metric, or ``None`` where it is absent."""
        found = self.samples.get(name)
        return sum(found.values()) if found else None


def parse(body: bytes, wanted: Collection[str] | None = None) -> Scrape:
    """Parse an exposition; with ``wanted`` only metrics of these names are kept.

    A sample that is not finite is rejected alone. Raises :class:`ProbeFailure` ``bad answer``
    when nothing in a body is a sample, ``too large`` beyond :data:`MOST_SAMPLES`.
    """
    found = Scrape()
    kept = good = 0
    for raw in body.decode("utf-8", "replace").split("\n"):
        line = raw.strip()
        if not line or line[0] == "#":
            continue
        if wanted is not None:
            name = _NAME.match(line)
            if name is not None and name[0] not in wanted:
                good += 1
                continue
        match = _SAMPLE.match(line)
        labels = _labels(match["labels"] or "") if match else None
        value = _value(match["value"]) if match else None
        if match is None or labels is None or value is None:
            found.rejected += 1
            continue
        good += 1
        kept += 1
        if kept > MOST_SAMPLES:
            raise ProbeFailure("too large", f"more than {MOST_SAMPLES} samples")
        found.samples.setdefault(match["name"], {})[labels] = value
    if not good:
        start = clean(body[:240].decode("utf-8", "replace")[:80])
        raise ProbeFailure("bad answer", f"no metrics in it: {start or 'it is empty'}")
    return found


def increase(before: float, after: float) -> float:
    """How much a counter grew. After a reset it began at zero again, so all of it is growth."""
    return after - before if after >= before else after


def increases(before: Mapping[Labels, float], after: Mapping[Labels, float]) -> dict[Labels, float]:
    """The growth of every label set; one that is new grew from zero."""
    return {labels: increase(before.get(labels, 0.0), value) for labels, value in after.items()}


def buckets(grown: Mapping[Labels, float]) -> dict[float, float]:
    """Growth of cumulative buckets by upper bound, summed over all other labels."""
    found: dict[float, float] = {}
    for labels, value in grown.items():
        bound = _bound(dict(labels).get("le"))
        if bound is not None:
            found[bound] = found.get(bound, 0.0) + value
    return found


def quantile(q: float, cumulative: Mapping[float, float]) -> float | None:
    """The q-quantile (0 < q < 1) of a histogram given as cumulative counts by upper bound.

    Prometheus' ``histogram_quantile`` (prometheus.io/docs/prometheus/latest/querying/functions,
    ``promql/quantile.go`` ``BucketQuantile``): the bucket in which rank q·count falls, linear
    within it; the lowest bucket begins at 0 when its bound is positive; in the +Inf bucket the
    answer is the highest finite bound. ``None`` without an observation or without +Inf.
    """
    bounds = sorted(cumulative)
    if len(bounds) < 2 or not math.isinf(bounds[-1]):
        return None
    counts: list[float] = []
    for bound in bounds:
        counts.append(max(cumulative[bound], counts[-1] if counts else 0.0))
    total = counts[-1]
    if total <= 0:
        return None
    rank = q * total
    place = next(i for i, count in enumerate(counts) if count >= rank)
    if place == len(bounds) - 1:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    lower = bounds[place - 1] if place else 0.0
    under = counts[place - 1] if place else 0.0
    inside = counts[place] - under
    share = (rank - under) / inside if inside > 0 else 1.0
    return lower + (bounds[place] - lower) * share


def _labels(text: str) -> Labels | None:
    pairs = list(_pairs(text))
    return None if None in pairs else tuple(sorted(pair for pair in pairs if pair is not None))


def _pairs(text: str) -> Iterator[tuple[str, str] | None]:
    place = 0
    while place < len(text) and not text[place:].isspace():
        match = _LABEL.match(text, place)
        if match is None:
            yield None
            return
        value = match[2]
        yield match[1], _ESCAPE.sub(_unescape, value) if "\\" in value else value
        place = match.end()


def _unescape(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


def _value(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def _bound(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
