"""What happened to machines between two looks, as events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ainur_tui.model.event import Event, EventKind
from ainur_tui.systems.fly.health import exit_words
from ainur_tui.systems.fly.machines import Machine, MachineEvent

LOOK_BACK = 24 * 3600.0
"""Seconds of the past that are told on the first look."""
MOST = 50
_SEEN = 5000

_KINDS: Mapping[str, tuple[EventKind, str]] = {
    "launch": ("scale", "created"),
    "destroy": ("scale", "destroyed"),
    "restart": ("restart", "restarted"),
    "update": ("deploy", "updated"),
    "replace": ("deploy", "replaced"),
    "migrate": ("state", "moved to another host"),
    "suspend": ("state", "suspended"),
}


@dataclass
class Happenings:
    """Remembers which of the platform's events were told, and how the app looked."""

    _seen: dict[tuple[str, str], None] = field(default_factory=dict)
    _images: dict[str, str] | None = None

    def since_last(self, machines: Iterable[Machine], now: float) -> list[Event]:
        """Events that were not told yet, oldest first; changes of image and number too."""
        listed = list(machines)
        found: list[Event] = []
        for machine in listed:
            for event in machine.events:
                key = (machine.id, event.id)
                if key in self._seen:
                    continue
                self._seen[key] = None
                if now - event.at < LOOK_BACK and (told := _told(machine, event, now)):
                    found.append(told)
        for key in list(self._seen)[: max(len(self._seen) - _SEEN, 0)]:
            del self._seen[key]
        found += self._changes(listed, now)
        return sorted(found, key=lambda event: event.at)[-MOST:]

    def _changes(self, machines: list[Machine], now: float) -> list[Event]:
        before = self._images
        images = self._images = {machine.id: machine.image for machine in machines}
        if before is None:
            return []
        found = []
        fresh = {image for image in images.values() if image} - set(before.values())
        for image in sorted(fresh):
            count = sum(other == image for other in images.values())
            text = f"image {image} on {count} of {len(images)} machines"
            found.append(
                Event(key=f"fly:image:{image}", at=now, kind="deploy", target="api", text=text)
            )
        if len(before) != len(images):
            text = f"{len(before)} machines became {len(images)}"
            key = f"fly:count:{len(before)}:{len(images)}:{now:.0f}"
            found.append(Event(key=key, at=now, kind="scale", target="api", text=text))
        return found


def _told(machine: Machine, event: MachineEvent, now: float) -> Event | None:
    if event.kind == "exit":
        if event.requested and not event.oom:
            return None
        kind: EventKind = "state"
        words = f"ended: {exit_words(event)}"
    elif event.kind in _KINDS:
        kind, words = _KINDS[event.kind]
    else:
        return None
    by = f" by {event.source}" if event.source and event.source != "flyd" else ""
    return Event(
        key=f"fly:{machine.id}:{event.id}",
        # The platform's clock may be ahead of ours; nothing happens in the future.
        at=min(event.at, now),
        kind=kind,
        target=f"api/machine/{machine.id}",
        text=f"machine {machine.id} {words}{by}",
    )
