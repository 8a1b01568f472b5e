"""Who needs whom as data that people edit: what cannot hold, what an edit changes, how it reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from ainur_tui.model.text import clean, near

Needs = Mapping[str, Sequence[str]]


def fault(needs: Needs, names: Collection[str]) -> str | None:
    """The sentence why a graph cannot hold: a name that is none of ``names``, a target that needs
    itself, a cycle. ``None`` where it can."""
    for name in dict.fromkeys([*needs, *(one for needed in needs.values() for one in needed)]):
        if name not in names:
            close = near(name, list(names)) or list(names)
            return f"there is no target {clean(name, 60)!r}; known are {', '.join(close)}"
    ring = _ring(needs)
    return f"{ring[0]} would need itself: {' → '.join(ring)}" if ring else None


def difference(before: Needs, after: Needs) -> list[str]:
    """What was added and taken away, a sentence each."""
    old, new = edges(before), edges(after)
    told = [f"{name} needs {need} too" for name, need in sorted(new - old)]
    return told + [f"{name} needs {need} no more" for name, need in sorted(old - new)]


def edges(needs: Needs) -> set[tuple[str, str]]:
    """Every (target, what it needs)."""
    return {(name, need) for name, needed in needs.items() for need in needed}


def tree(needs: Needs, names: Sequence[str]) -> Iterator[tuple[int, str, bool]]:
    """(depth, name, whether its needs were told above) from those nobody needs down; what is in a
    cycle, or stands alone, begins a tree of its own."""
    needed = {need for _, need in edges(needs)}
    seen: set[str] = set()

    def walk(name: str, depth: int) -> Iterator[tuple[int, str, bool]]:
        again = name in seen
        yield depth, name, again and bool(needs.get(name))
        seen.add(name)
        if not again:
            for need in needs.get(name, ()):
                yield from walk(need, depth + 1)

    for name in sorted(names, key=lambda name: not needs.get(name)):
        if name not in needed and name not in seen:
            yield from walk(name, 0)
    for name in names:
        if name not in seen:
            yield from walk(name, 0)


def _ring(needs: Needs) -> list[str]:
    """The first way found from a target back to itself."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for need in needs.get(name, ()):
            if ring := walk(need, [*path, name]):
                return ring
        done.add(name)
        return []

    return next((ring for name in needs if (ring := walk(name, []))), [])
