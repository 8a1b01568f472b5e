"""The keys that work on every screen, declared once: footer, help and palette read them here."""

from __future__ import annotations

from textual.binding import Binding

from ainur_tui.console.panels.registry import PANELS


def _key(keys: str, action: str, name: str, about: str, *, show: bool = True) -> Binding:
    identity = name.rstrip("…").lower().replace(" ", "-")
    return Binding(keys, action, name, show=show, id=identity, tooltip=about)


BINDINGS = [
    *(
        _key(kind.key, f"tab('{kind.title}')", kind.title, f"the tab {kind.title}", show=False)
        for kind in PANELS
    ),
    _key("slash", "filter", "Filter", "list only what holds these words"),
    _key("a", "act", "Actions", "what can be done with the selection"),
    _key("r", "act('restart')", "Restart…", "restart something: the plan comes first"),
    _key("s", "act('scale')", "Scale…", "change the number of machines: the plan comes first"),
    _key("m", "act('maintenance')", "Maintenance…", "maintenance mode on or off: the plan first",
         show=False),
    _key("b", "act('backup')", "Back up…", "back the database up: the plan comes first"),
    _key("w", "record('changed')", "What changed", "all that happened before the trouble"),
    _key("u", "record('undo')", "Undo…", "take the newest action back: the plan comes first"),
    _key("I", "declare", "Incident…", "declare an incident, from what is selected or fires"),
    _key("J", "record('journal')", "Journal", "what was done here, by whom, and how it ended"),
    _key("x", "record('stop')", "Stop…", "stop the newest action at its next safe point",
         show=False),
    _key("p", "playbook", "Playbook", "the one that goes on, or the one for what is wrong"),
    _key("P", "progress", "Progress", "the steps of the newest action", show=False),
    # By priority, so that it is open before the next key is looked at.
    Binding("colon,ctrl+p", "palette", "Commands", id="commands", priority=True,
            tooltip="everything, by typing its name"),
    _key("left_square_bracket", "span(-1)", "Shorter charts", "a shorter time", show=False),
    _key("right_square_bracket", "span(1)", "Longer charts", "a longer time", show=False),
    _key("question_mark", "help_page", "Help", "this page"),
    _key("escape", "back", "Back", "drop the filter, hide ended actions", show=False),
    _key("q", "leave", "Quit", "close the console; the engine goes on"),
    Binding("ctrl+c,ctrl+q", "leave", "Leave", show=False, id="leave", priority=True,
            tooltip="close the console; the engine goes on"),
]  # fmt: skip
