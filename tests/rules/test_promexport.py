"""Our rules as a Prometheus file: nothing lost on the way there and back, nothing made up."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from ainur_tui.model.alert import Rule
from ainur_tui.rules import defaults
from ainur_tui.rules.prom import doctor as promdoctor
from ainur_tui.rules.prom import export as promexport
from ainur_tui.rules.prom import ql as promql
from ainur_tui.rules.prom import rules as promrules
from ainur_tui.rules.prom.rules import PromRule
from ainur_tui.rules.prom.tree import Binary, Literal, Node

PROMTOOL = shutil.which("promtool")
RULES = {rule.name: rule for rule in defaults.rules()}
THEIRS = PromRule(name="Theirs (f.yml)", expr="sum(up) by (job) < 1", hold=90.0,
                  labels={"severity": "warning"}, group="g: [x", file="f.yml",
                  annotations={"summary": "# {{ $labels.job }}"})  # fmt: skip


def compared(node: Node) -> tuple[str, float]:
    """The comparison on which the first condition ends: sign and number."""
    while isinstance(node, Binary) and node.op == "and":
        node = node.left
    assert isinstance(node, Binary)
    assert isinstance(node.right, Literal)
    return node.op, float(node.right.value)


def text_of(*rules: Rule, **more: Any) -> str:
    prom = {THEIRS.name: THEIRS}
    return promexport.written(promexport.outgoing(rules, prom, {}, **more), ["About it."])


@pytest.mark.parametrize("guide_names", [False, True])
def test_what_is_read_again_is_the_same_rule(guide_names: bool) -> None:
    strange = replace(RULES["HighResponseTime"], name="Odd", hold=90.5, threshold=1e-9,
                      op="below", keep_firing=0.0, severity="P1",
                      summary="a: 'b' # {note}\x1b[31m")  # fmt: skip
    rules = [*RULES.values(), strange, promrules.as_rule(THEIRS, {})]
    text = text_of(*rules, guide_names=guide_names)
    again = {one.name: one for one in promrules.parse(text, "out.yml")}
    assert len(again) >= 19
    assert "\x1b" not in text
    for name, one in again.items():
        rule = strange if name == "Odd" else RULES.get(name)
        if rule is None:
            assert one == replace(THEIRS, file="out.yml")
            continue
        made = promrules.as_rule(one, {"critical": "P3", "warning": "P4"})
        assert (made.hold, made.keep_firing, made.severity) == (
            rule.hold, rule.keep_firing, rule.severity,
        ), name  # fmt: skip
        sign = ">" if rule.op == "above" else "<"
        assert compared(promql.parse(one.expr)) == (sign, rule.threshold), name
        troubles = [found for found in promdoctor.examine(one, {}) if found.trouble != "note"]
        assert troubles == [], "the doctor finds nothing wrong with what we tell others to judge"
    for name in RULES.keys() - again.keys():
        assert f"\n#   {name}: {RULES[name].signal}: " in text, "what is left out is told"


def test_what_a_configuration_changed_of_a_file_goes_along() -> None:
    quiet = replace(promrules.as_rule(THEIRS, {}), severity="P1", hold=5.0, threshold=2.0)
    (made,) = promrules.parse(text_of(quiet), "out.yml")
    assert (made.expr, made.hold) == (f"count({THEIRS.expr}) > 2", 5.0)
    assert promrules.as_rule(made, {}).severity == "P1"


def test_what_prometheus_does_otherwise_is_told() -> None:
    rule = replace(RULES["HighErrorRate"], of=3, at_least=2, clear=0.04, sample="db.size")
    (told,) = (notes for _, notes in promexport.outgoing([rule], {}, {}).rules)
    said = " | ".join(told)
    for words in ("2 of the last 3 samples", "over only at 4.0 %", "while db.size is under 0.2"):
        assert words in said, words
    shared = replace(RULES["TaskQueueHigh"], share=True)
    assert promexport.outgoing([shared], {}, {}).left_out.keys() == {"TaskQueueHigh"}


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed here")
def test_a_real_prometheus_takes_them_and_fires_as_they_say(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(text_of(*RULES.values(), promrules.as_rule(THEIRS, {})))
    (tmp_path / "guide.yml").write_text(text_of(*RULES.values(), guide_names=True))
    requests = "ainur_api_requests_total{status=%s, instance=%s}"
    series = {
        requests % ('"500"', '"a"'): "0+12x40", requests % ('"200"', '"b"'): "0+88x40",
        'process_cpu_seconds_total{instance="a"}': "0+57x40",
        'process_cpu_seconds_total{instance="other"}': "0+60x40",
        'ainur_api_connections_active{instance="a"}': "3+0x40",
        'substrate_block_height{status="best"}': "100+1x40",
        'substrate_block_height{status="sync_target"}': "220+1x40",
    }  # fmt: skip

    def fires(name: str, summary: str, **labels: str) -> dict[str, Any]:
        annotations = {"summary": summary}
        return {"eval_time": "30m", "alertname": name,
                "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}]}  # fmt: skip

    api = {"target": "api", "severity": "critical", "priority": "P2"}
    cpu = {"target": "api", "severity": "warning", "priority": "P3", "instance": "a"}
    node = {"target": "node", "severity": "critical", "priority": "P2"}
    tests = {
        "rule_files": ["rules.yml"], "evaluation_interval": "1m",
        "tests": [{
            "interval": "1m",
            "input_series": [{"series": one, "values": those} for one, those in series.items()],
            "alert_rule_test": [
                fires("CriticalAPIErrorRate", "12% of requests to api fail, over 10.0 %", **api),
                fires("MachineCpuHigh", "95% of the processors of a are busy", **cpu),
                fires("NodeBehind", "node is 120 behind, over 100 blocks", **node),
                {"eval_time": "30m", "alertname": "ApiReturns5xx", "exp_alerts": []},
            ],
        }],
    }  # fmt: skip
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    for words in (["check", "rules", "rules.yml"], ["check", "rules", "guide.yml"],
                  ["test", "rules", "tests.yml"]):  # fmt: skip
        done = subprocess.run([str(PROMTOOL), *words], check=False, cwd=tmp_path,
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
