"""The report says of every number what it is, and of every gap that it is one."""

from __future__ import annotations

from ainur_tui.model.board import BoardView, SignalView, TargetView, Trust
from ainur_tui.model.series import Series
from ainur_tui.model.table import Column, Row, Table
from ainur_tui.rules.performance import report, wanted
from ainur_tui.rules.performance_text import markdown

AT = 1_800_000_000.0


def signal(name: str, value: float | None, unit: str, worse: str = "above") -> SignalView:
    return SignalView(
        name=name, title=name.rpartition(".")[2], value=value, unit=unit, statistic="mean",
        source="s", observed_at=AT, age=1.0, quality="fresh" if value is not None else "unknown",
        threshold=0.1, verdict="ok", worse=worse,
    )  # fmt: skip


def target(name: str, *signals: SignalView) -> TargetView:
    return TargetView(
        name=name, kind=name.rpartition("/")[0] or name, title=name, state="up", since=None,
        cause=None, summary="", signals=list(signals),
    )  # fmt: skip


VIEW = BoardView(
    environment="p", at=AT, state="up", since=None, trust=Trust(fresh=1, all=1),
    targets=[
        target("api", signal("api.latency.p95", 0.05, "s")),
        target("api/machine/m1", signal("machine.cpu", None, "ratio")),
        target("db", signal("db.cache.ratio", 0.99, "ratio", "below")),
    ],
    tables=[
        Table(
            name="db.tables", target="db", title="T", observed_at=AT, source="pg_class",
            columns=[Column(name="table", title="Table"),
                     Column(name="size", title="Size", unit="B")],
            rows=[Row(key=str(n), cells=[f"t|{n}", n * 1024.0 if n else None]) for n in range(12)],
        ),
        Table(
            name="db.indexes", target="db", title="I", observed_at=AT, source="pg_index",
            columns=[Column(name="index", title="Index"), Column(name="finding", title="Finding"),
                     Column(name="size", title="Size", unit="B")],
            rows=[Row(key="a", cells=["a", "", 9.0]), Row(key="b", cells=["b", "twice", 1.0])],
        ),
        Table(
            name="db.statements", target="db", title="S", observed_at=AT, source="x", columns=[],
            rows=[], missing="pg_stat_statements is missing",
        ),
    ],
)  # fmt: skip
SERIES = [
    Series(target="api", signal="api.latency.p95", start=AT - 40, step=10.0,
           values=[0.02, None, 0.4, 0.03]),
    Series(target="db", signal="db.cache.ratio", start=AT - 40, step=10.0,
           values=[0.99, 0.5, None, 0.98]),
    Series(target="api/machine/m1", signal="machine.cpu", start=AT - 40, step=10.0,
           values=[None, None, None, None]),
]  # fmt: skip


def test_only_what_is_there_is_asked_for() -> None:
    assert wanted(VIEW) == [
        ("api", "api.latency.p95"), ("db", "db.cache.ratio"), ("api/machine/m1", "machine.cpu"),
    ]  # fmt: skip


def test_each_figure_has_its_peak_its_moment_and_its_gaps() -> None:
    found = report(VIEW, SERIES, 40.0)
    figures = {one.signal: one for part in found.parts for one in part.figures}
    p95, cache, cpu = (figures[n] for n in ("api.latency.p95", "db.cache.ratio", "machine.cpu"))
    assert (p95.worst, p95.worst_at, p95.known, p95.now) == (0.4, AT - 20, 0.75, 0.05)
    assert p95.mean is not None
    assert abs(p95.mean - 0.15) < 1e-9
    assert (cache.worst, cache.worst_at) == (0.5, AT - 30), "the lowest is the worst"
    assert (cpu.mean, cpu.worst, cpu.now, cpu.known) == (None, None, None, 0.0)
    assert cpu.missing == "nothing was kept in the period"
    assert figures["node.lag"].missing == "no such signal: not configured, or never read"
    assert (found.known, found.bucket) == (0.75, 10.0)
    parts = {part.title: part for part in found.parts}
    tables = parts["Largest tables"].listing
    assert tables is not None
    assert [row[1] for row in tables.rows][:2] == [11 * 1024.0, 10 * 1024.0]
    assert (len(tables.rows), tables.of) == (10, 12)
    indexes = parts["Indexes worth a look"].listing
    assert indexes is not None
    assert [row[0] for row in indexes.rows] == ["b"]
    assert parts["Slowest statements"].missing == "pg_stat_statements is missing"


def test_as_markdown_a_gap_is_no_zero_and_text_breaks_no_table() -> None:
    text = markdown(report(VIEW, SERIES, 40.0))
    assert "**At most 75 % of the period is known**" in text
    assert "| p95 (mean) " in text
    row = next(line for line in text.splitlines() if "api/machine/m1" in line and "cpu" in line)
    assert row.count("—") == 5
    assert "nothing was kept in the period" in row
    assert "t\\|11" in text
    assert "Not there: pg_stat_statements is missing" in text
    assert "10 of 12; read 08:00:00 UTC from pg_class" in text
    body = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in body)
    empty = BoardView(
        environment="p", at=AT, state="unknown", since=None, trust=Trust(fresh=0, all=0), targets=[]
    )
    assert "no such signal" in markdown(report(empty, [], 60.0))
