"""Prometheus' rule files: read, explained, examined. The guide's own file is among them."""

from __future__ import annotations

import pytest

from ainur_tui.model.alertcalls import Diagnosis
from ainur_tui.rules import defaults
from ainur_tui.rules.prom import doctor as promdoctor
from ainur_tui.rules.prom import rules as promrules
from ainur_tui.rules.prom.rules import PromRule
from ainur_tui.rules.severity import levels, severity_of, severity_of_labels

GUIDE = """
groups:
  - name: api_alerts
    rules:
      - alert: HighResponseTime
        expr: http_request_duration_seconds{quantile="0.95"} > 0.1
        for: 5m
        labels:
          severity: warning
        annotations:
          summary: "API response time is high"
          description: "95th percentile response time is {{ $value }}s"
      - alert: ErrorRateHigh
        expr: rate(http_requests_total{status=~"5.."}[5m]) > 0.01
        for: 2m
        labels:
          severity: critical
        annotations:
          summary: "High error rate detected"
      - record: job:requests:rate5m
        expr: sum(rate(http_requests_total[5m]))
"""


def rule(expr: str, **more: object) -> PromRule:
    return PromRule(name="X", expr=expr, file="f.yml", labels={"severity": "warning"}, **more)  # type: ignore[arg-type]


def said(found: list[Diagnosis], trouble: str) -> str:
    return " | ".join(f"{one.text} -> {one.hint}" for one in found if one.trouble == trouble)


def test_the_guides_file_is_read_and_explained() -> None:
    slow, errors = promrules.parse(GUIDE, "api-alerts.yml")
    assert (slow.name, slow.hold, slow.group, slow.file) == (
        "HighResponseTime", 300.0, "api_alerts", "api-alerts.yml",
    )  # fmt: skip
    assert promrules.explain(slow, {}).startswith(
        "P3 (severity warning) when http_request_duration"
    )
    assert "for 2m 00s" in promrules.explain(errors, {})
    made = promrules.as_rule(errors, {"critical": "P1"})
    assert (made.severity, made.signal, made.hold) == ("P1", "promql.ErrorRateHigh", 120.0)


def test_annotations_are_filled_and_clean() -> None:
    text = "{{ $labels.instance }} at {{ $value | humanizePercentage }}\x1b[31m {{ $externalURL }}"
    assert promrules.render(text, {"instance": "a:9100"}, 0.934) == (
        "a:9100 at 93.4 %␛[31m {{ $externalURL }}"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("groups: [", "not YAML in line"),
        ("- a\n- b", "no list of groups"),
        ("groups: [{name: x}]", "without a list of rules"),
        ("groups: [{rules: [{alert: X}]}]", "X has no expr"),
        ("groups: [{rules: [{alert: X, expr: up, for: soon}]}]", "no duration"),
        ('groups: [{rules: [{alert: "a\\nb", expr: up}]}]', "one line"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_a_file_that_makes_no_sense_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        promrules.parse(text, "f.yml")


def test_the_doctor_finds_what_is_wrong_with_the_guides_rules() -> None:
    slow, errors = promrules.parse(GUIDE, "api-alerts.yml")
    ours = {one.name: one for one in defaults.rules()}
    exists = {'http_request_duration_seconds{quantile="0.95"}': False}
    names = ["http_request_duration_seconds_bucket"]
    found = promdoctor.examine(slow, {}, exists=exists, names=names)
    assert "here it is a histogram" in said(found, "never")
    assert "histogram_quantile(0.95, sum by (le) (rate(" in said(found, "never")
    found = promdoctor.examine(errors, {}, ours=ours)
    assert "errors per second of each series by itself with 0.01, not 1 %" in said(found, "unit")
    assert 'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(' in said(found, "unit")
    assert "the guide's ErrorRateHigh is P3 here" in said(found, "severity")


def test_unsummed_division_is_always_a_hundred_percent() -> None:
    expr = 'rate(r_total{status=~"5.."}[5m]) / rate(r_total[5m]) * 100 > 1'
    assert "always 100 %" in said(promdoctor.examine(rule(expr), {}), "unit")
    good = 'sum(rate(r_total{status=~"5.."}[5m])) / sum(rate(r_total[5m])) > 0.01'
    assert promdoctor.examine(rule(good), {}) == []


@pytest.mark.parametrize(
    ("expr", "trouble", "words"),
    [
        ("up >", "never", "not PromQL"),
        ("up", "unit", "compares nothing"),
        ("up < bool 1", "unit", "always fires"),
        ("errors_total > 5", "unit", "only grows"),
        ("process_resident_memory_bytes > 80", "unit", "looks like a percentage"),
        ("api_latency_seconds > 100", "unit", "if 100 ms was meant"),
        ("substrate_block_height_finalized < 5", "note", 'substrate_block_height{status="final'),
    ],
)
def test_mistakes_of_unit_and_name(expr: str, trouble: str, words: str) -> None:
    assert words in said(promdoctor.examine(rule(expr), {}), trouble)


def test_a_selector_without_series_can_never_fire_and_says_what_was_meant() -> None:
    found = promdoctor.examine(
        rule("api_requets_total > 5"), {}, exists={"api_requets_total": False},
        names=["api_requests_total", "go_goroutines"],
    )  # fmt: skip
    assert "there is no series api_requets_total now" in said(found, "never")
    assert "did you mean api_requests_total" in said(found, "never")


def test_severities_are_mapped_by_one_table() -> None:
    assert severity_of("critical", {}) == "P2"
    assert severity_of("Critical", {"CRITICAL": "P1"}) == "P1"
    assert severity_of("p4", {}) == "P4"
    assert severity_of("nobody-knows", {}) == "P3"
    both = {"severity": "critical", "priority": "P1"}
    assert severity_of_labels(both, {"critical": "P4"}) == "P1", "ours have both"
    assert severity_of_labels(both | {"priority": "high"}, {"critical": "P4"}) == "P4"
    strange = PromRule(name="X", expr="up < 1", labels={"severity": "page"})
    assert "not in the table" in said(promdoctor.examine(strange, {}), "severity")


def test_response_times_are_the_guides_until_somebody_changes_them() -> None:
    own = levels({"P4": 86400.0}, {"P1": 600.0})
    assert [own[name].response for name in ("P1", "P2", "P3")] == [900.0, 3600.0, 14400.0]
    assert (own["P4"].response, own["P4"].origin) == (86400.0, "user")
    assert (own["P1"].update, own["P1"].update_origin) == (600.0, "user")
    assert own["P2"].update_origin == "not from the guide"
