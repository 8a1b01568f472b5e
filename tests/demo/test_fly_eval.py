"""A little PromQL: what it gives is what a Prometheus gives."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest

from ainur_tui.demo.fly.eval import compiled
from ainur_tui.demo.fly.machines import ApiError
from ainur_tui.demo.fly.series import Points, Store, rate

COUNTS = {"a": [0, 10, 20, 5, 15], "b": [0, 0, 5, 10, 10]}
"""Every 15 seconds; the first is reset once."""


class Few(Store):
    def __init__(self) -> None:
        self.series: list[tuple[dict[str, str], Points]] = [
            ({"__name__": "hits", "i": name, "status": "500" if name == "b" else "200"},
             deque((15.0 * n, float(v)) for n, v in enumerate(values)))
            for name, values in COUNTS.items()
        ]  # fmt: skip

    def found(self, name: str) -> Iterator[tuple[dict[str, str], Points]]:
        return (one for one in self.series if one[0]["__name__"] == name)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("sum(hits)", [({}, 25.0)]),
        ("count(hits)", [({}, 2.0)]),
        ('sum by (i) (hits{status=~"5.."})', [({"i": "b"}, 10.0)]),
        ("sum(rate(hits[1m]))", [({}, (35 + 10) / 60)]),
        ('sum(rate(hits{status=~"5.."}[1m])) / sum(rate(hits[1m]))', [({}, 10 / 45)]),
        ("(sum(nothing) or vector(0)) / (sum(hits) > 0)", [({}, 0.0)]),
        ("sum(hits) > 30", []),
        ("time() - max(timestamp(hits))", [({}, 0.0)]),
        ('max(hits{i!="a"}) * 2', [({}, 20.0)]),
        ("nothing", []),
    ],
)
def test_values(text: str, value: object) -> None:
    found = compiled(text, Few())(60.0)
    if isinstance(found, list) and found:
        assert isinstance(value, list)
        assert [labels for labels, _ in found] == [labels for labels, _ in value]
        assert [v for _, v in found] == pytest.approx([v for _, v in value])
    else:
        assert found == value


@pytest.mark.parametrize("text", ["hits >", "sum(hits", "hits)", 'a{b=~"("}', "sin(hits)", "&"])
def test_what_is_no_promql_is_400(text: str) -> None:
    with pytest.raises(ApiError) as failure:
        compiled(text, Few())
    assert failure.value.http == 400


def test_a_rate_needs_two_samples() -> None:
    assert rate(deque([(0.0, 1.0)]), -60, 0) is None
