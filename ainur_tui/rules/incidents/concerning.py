"""Which incident a happening belongs to, where several are open."""

from __future__ import annotations

from collections.abc import Iterator

from ainur_tui.model.incident import SERVICES, Incident
from ainur_tui.model.target import whole_of
from ainur_tui.rules.graph import Graph


def concerns(incident: Incident, target: str, graph: Graph) -> bool:
    """Whether what happens to a target belongs to an incident: it is one of its services, what
    these need, or what needs them. Of a target that the graph does not hold nobody knows whom it
    concerns: it belongs to all."""
    whole = whole_of(target)
    known = {name for one, needed in graph for name in (one, *needed)}
    return whole not in known or whole in set(_near(incident, graph))


def _near(incident: Incident, graph: Graph) -> Iterator[str]:
    """The targets around an incident: its own, up and down the graph, but not what only shares a
    need with them."""
    names = {name: target for target, name in SERVICES.items()}
    own = [whole_of(incident.target)]
    own += [names[service] for service in incident.services if service in names]
    for target in own:
        yield from (target, *graph.dependants(target))
    found = list(own)
    for target in found:  # grows while it is walked
        found += [need for need in graph.needs(target) if need not in found]
    yield from found
