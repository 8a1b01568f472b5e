"""Every fault of the miniature is seen within seconds, named in words, and goes away."""

from __future__ import annotations

import pytest

from tests.helpers import Miniature, until

FAULTS = {
    # fault: (target, states it may have, words one of which its summary or a signal's note has)
    "api-machine-down": ("api", {"degraded"}, ("1 of 2", "machine")),
    "api-all-down": ("api", {"down"}, ("0 of 2", "no machine", "503", "machine")),
    "api-slow": ("api", {"degraded"}, ("latency", "p95")),
    "api-5xx": ("api", {"degraded"}, ("error",)),
    "api-health-malformed": ("api", {"degraded", "unknown"}, ("json",)),
    "api-silent": ("api", {"down", "degraded"}, ("answer",)),
    "db-down": ("db", {"down"}, ("refuse", "nothing listens", "connect")),
    "db-connections-exhausted": ("db", {"degraded", "down"}, ("connection",)),
    "db-idle-in-transaction": ("db", {"degraded"}, ("idle in transaction",)),
    "db-slot-abandoned": ("db", {"degraded"}, ("slot",)),
    "db-lock-chain": ("db", {"degraded"}, ("lock", "wait")),
    "corrupt-table": ("api", {"degraded"}, ("error",)),
    "node-lagging": ("node", {"degraded", "down"}, ("behind", "lag")),
    "storage-full-of-uploads": ("storage", {"degraded"}, ("quota",)),
    "storage-refuses-writes": ("storage", {"degraded"}, ("write",)),
    "frontend-certificate-ending": ("frontend", {"degraded"}, ("certificate ends in",)),
    "frontend-certificate-expired": ("frontend", {"down"}, ("its certificate has expired",)),
    "api-certificate-ending": ("api", {"degraded"}, ("certificate ends in",)),
    "api-certificate-expired": ("api", {"down"}, ("its certificate has expired",)),
    "logs-hostile": ("api", {"degraded"}, ("hostile", "control")),
    "logs-flood": ("api", {"degraded"}, ("log", "lines")),
}

UNTIL_MENDED = {
    "api-bad-release", "api-hung", "api-machine-hung", "api-overload", "db-connections-leaked",
    "db-pool-held", "db-session-forgotten", "db-statement-slow", "node-hung",
}  # fmt: skip
"""Those that the right action ends (``tests/faults/drills``)."""

WITHIN = 60.0
"""Seconds: ten where the machine is free, more where all of these tests run beside each other."""

NEEDING_A_BACKUP = {"disk-filling"}
"""Refused before there is one, and by whoever may not mount (``tests/demo/test_disk``)."""

DURING_ACTIONS = {
    "api-never-healthy", "fly-answer-lost", "fly-external-change", "fly-lease-held",
    "fly-no-capacity", "fly-rate-limited", "fly-token-expired",
}  # fmt: skip
"""Those that are seen when something is done (``test_faults_actions``)."""

OF_THE_CHAIN = {
    "node-clock-skew", "node-eclipse", "node-finality-lag", "node-new-rpc", "node-no-peers",
    "node-stalled", "node-wrong-genesis",
}  # fmt: skip
"""Those that are told apart by the rule of the chain (``test_node_faults``)."""

BY_HANDSHAKE = {
    f"{who}-certificate-{what}" for who in ("api", "frontend") for what in ("chain", "host")
}
"""Those that a handshake tells apart (``tests/systems/test_certificates``)."""


def test_the_catalogue_lists_them_all(demo: Miniature) -> None:
    done = demo.program.run("demo", "fault")
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
    assert listed == {*FAULTS, *DURING_ACTIONS, *OF_THE_CHAIN, *UNTIL_MENDED,
                      *NEEDING_A_BACKUP, *BY_HANDSHAKE}  # fmt: skip


def test_an_unknown_fault_names_the_near_ones(demo: Miniature) -> None:
    done = demo.program.run("demo", "fault", "api-slwo")
    assert done.returncode == 64
    assert "api-slow" in done.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_seen_named_and_gone(demo: Miniature, fault: str) -> None:
    target, states, words = FAULTS[fault]

    def trouble() -> str | None:
        found = next(t for t in demo.check("--fresh")["targets"] if t["target"] == target)
        said = found["summary"].lower()
        hit = found["state"] in states and any(word in said for word in words)
        return said if hit else None

    with demo.broken(fault):
        until(trouble, WITHIN, f"{fault} is seen on {target} in words {words}")
    until(lambda: demo.state(target, "--fresh") == "up", 60, f"{target} is up again")


def test_a_dead_database_is_the_one_cause(demo: Miniature) -> None:
    told: list[tuple[str, ...]] = []

    def put_down_to_it() -> bool:
        targets = {one["target"]: one for one in demo.check("--fresh")["targets"]}
        told[:] = [(name, one["state"], str(one["cause"]), one["summary"])
                   for name, one in targets.items() if one["state"] != "up"]  # fmt: skip
        api = targets["api"]
        return api["state"] != "up" and api["cause"] == "db"

    # Trouble that the API had before could not come from the database.
    until(lambda: demo.state("api", "--fresh") == "up", WITHIN, "the API is well before")
    with demo.broken("db-down"):
        try:
            until(put_down_to_it, WITHIN, "the API's trouble is put down to the database")
        except AssertionError as error:
            raise AssertionError(f"{error}: {told}") from None
        assert demo.program.run("check").returncode == 2
