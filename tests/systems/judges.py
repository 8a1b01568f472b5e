"""The real Prometheus and Alertmanager, where they are installed, on this machine alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ainur_tui.demo.service import free_port

PROMETHEUS = shutil.which("prometheus")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
USER, PASSWORD = "admin", "test"
_BCRYPT = "$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay"
"""Of that password, from the documentation of Prometheus."""
PREFIX = "/mon"
_RULES = """
groups:
- name: g
  rules:
  - {alert: TargetDown, expr: up == 0, labels: {severity: critical},
     annotations: {summary: "{{ $labels.job }} is down"}}
  - {alert: Waits, expr: up == 0, for: 10m, labels: {severity: warning}}
  - {alert: Sick, expr: 'up / on (zone) up > 0', labels: {severity: warning}}
"""
_CONFIG = """
global: {scrape_interval: 200ms, evaluation_interval: 200ms}
rule_files: [rules.yml]
alerting:
  alertmanagers:
  - basic_auth: {username: USER, password: PASSWORD}
    path_prefix: PREFIX
    scheme: https
    tls_config: {ca_file: ca.pem}
    static_configs: [{targets: ["ALERTS"]}]
scrape_configs:
- job_name: itself
  metrics_path: PREFIX/metrics
  scheme: https
  basic_auth: {username: USER, password: PASSWORD}
  tls_config: {ca_file: ca.pem}
  static_configs: [{targets: ["SELF"]}]
- job_name: dead
  static_configs: [{targets: ["127.0.0.1:1"]}]
"""


@dataclass
class Program:
    """One of them; ``start`` may be called again after ``stop``: what it keeps is kept."""

    argv: list[str]
    folder: Path
    url: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.argv, cwd=self.folder, stdout=log, stderr=log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def judges(folder: Path, key: Path) -> Iterator[tuple[Program, Program]]:
    """Prometheus and Alertmanager with TLS, a password and a path before theirs. ``key`` holds key
    and certificate, ``ca.pem`` in the folder who signed it."""
    (folder / "rules.yml").write_text(_RULES)
    (folder / "alerts.yml").write_text("{route: {receiver: none}, receivers: [{name: none}]}")
    (folder / "web.yml").write_text(
        f"tls_server_config: {{cert_file: {key}, key_file: {key}}}\n"
        f"basic_auth_users: {{{USER}: {_BCRYPT}}}\n"
    )
    ports = [free_port(), free_port()]
    places = [f"127.0.0.1:{port}" for port in ports]
    words = {"USER": USER, "PASSWORD": PASSWORD, "PREFIX": PREFIX, "ALERTS": places[1],
             "SELF": places[0]}  # fmt: skip
    text = _CONFIG
    for word, value in words.items():
        text = text.replace(word, value)
    (folder / "prometheus.yml").write_text(text)
    common = [f"--web.route-prefix={PREFIX}", "--web.config.file=web.yml", "--log.level=warn"]
    prometheus = Program(
        [str(PROMETHEUS), "--config.file=prometheus.yml", "--storage.tsdb.path=data",
         f"--web.listen-address={places[0]}", *common], folder, f"https://{places[0]}{PREFIX}",
    )  # fmt: skip
    alertmanager = Program(
        [str(ALERTMANAGER), "--config.file=alerts.yml", "--storage.path=silences",
         f"--web.listen-address={places[1]}", "--cluster.listen-address=", *common],
        folder, f"https://{places[1]}{PREFIX}",
    )  # fmt: skip
    try:
        for one in (alertmanager, prometheus):
            one.start()
        yield prometheus, alertmanager
    finally:
        for one in (alertmanager, prometheus):
            one.stop()


def recorded(name: str) -> Any:
    """What a Prometheus 2.42 and an Alertmanager 0.25 answered."""
    return json.loads((Path(__file__).parents[1] / "data" / "judges" / name).read_text())
