"""Who needs whom, and which trouble explains which."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ainur_tui.rules.graph import DELAY, NEEDS, WEIGHT, Graph

GRAPH = Graph(NEEDS)
NAMES = st.sampled_from("abcdef")
GRAPHS = st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=6)
STATES = st.dictionaries(NAMES, st.sampled_from(sorted(WEIGHT)), max_size=6)


def test_dependants_nearest_first() -> None:
    assert GRAPH.dependants("db") == ["api", "frontend"]
    assert GRAPH.dependants("frontend") == []
    assert GRAPH.dependants("api/machine/1") == ["api", "frontend"]


def test_a_part_needs_what_its_whole_needs() -> None:
    assert GRAPH.needs("api/machine/1") == ["db", "storage", "node"]


def test_the_root_is_the_cause() -> None:
    states = {"frontend": "down", "api": "down", "db": "down", "node": "up", "storage": "up"}
    assert GRAPH.cause("frontend", states) == "db"
    assert GRAPH.cause("api", states) == "db"
    assert GRAPH.cause("db", states) is None
    assert GRAPH.cause("node", states) is None


def test_a_degraded_storage_does_not_explain_a_down_api() -> None:
    states = {"api": "down", "storage": "degraded"}
    assert GRAPH.cause("api", states) is None
    assert GRAPH.cause("api", {"api": "degraded", "storage": "degraded"}) == "storage"


def test_the_worst_needed_one_is_named_and_the_unknown_one_is_looked_through() -> None:
    states = {"api": "degraded", "db": "degraded", "node": "down"}
    assert GRAPH.cause("api", states) == "node"
    assert GRAPH.cause("frontend", {"frontend": "down", "api": "unknown", "db": "down"}) == "db"
    assert GRAPH.cause("frontend", {"frontend": "down", "api": "up", "db": "down"}) is None


def test_what_began_later_is_no_cause() -> None:
    states = {"api": "degraded", "db": "degraded"}
    assert GRAPH.cause("api", states, {"api": 100.0}, {"db": 101.0 + DELAY}) is None
    assert GRAPH.cause("api", states, {"api": 100.0}, {"db": 90.0 + DELAY}) == "db"


@given(GRAPHS, STATES, NAMES)
def test_any_graph_ends_and_names_a_target_in_trouble(
    needs: dict[str, list[str]], states: dict[str, str], name: str
) -> None:
    graph = Graph(needs)
    cause = graph.cause(name, states)  # type: ignore[arg-type]
    if cause is not None:
        assert cause != name
        assert states[cause] in {"down", "degraded"}
        assert WEIGHT[states[cause]] >= WEIGHT[states[name]]  # type: ignore[index]
    dependants = graph.dependants(name)
    assert len(dependants) == len(set(dependants))
    assert name not in dependants
