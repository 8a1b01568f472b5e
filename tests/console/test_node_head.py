"""The head of the node's tab: well by a rule in words, or what is wrong by its name."""

from __future__ import annotations

import msgspec
import pytest

from ainur_tui.console.draw import node
from ainur_tui.console.draw.glyphs import ASCII
from ainur_tui.model.signal import Quality
from ainur_tui.model.target import State
from tests.console import worlds


def drawn(
    value: float | None, note: str | None, quality: Quality = "fresh", state: State = "up"
) -> str:
    view = worlds.well()
    signal = worlds.signal("node.network", value, "bool", quality=quality)
    home = next(target for target in view.targets if target.name == "node")
    signals = [*home.signals, msgspec.structs.replace(signal, note=note)]
    index = view.targets.index(home)
    view.targets[index] = msgspec.structs.replace(home, signals=signals, state=state)
    lines = [
        "".join(t for t, _ in one) for one in node.network(worlds.scene(view, glyphs=ASCII), 60)
    ]
    assert max(map(len, lines)) <= 60
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("value", "note", "words"),
    [
        (1.0, "well when genesis right, at least 1 peer", "network well when genesis right"),
        (0.0, "eclipse: 0 of 8 peers", "network not well eclipse: 0 of 8 peers"),
        (None, None, "network not known"),
    ],
)
def test_the_word_and_the_rule(value: float | None, note: str | None, words: str) -> None:
    assert words in drawn(value, note)


def test_a_rule_without_room_is_counted_and_ills_take_a_second_line() -> None:
    rule = "well when " + ", ".join(f"condition {n} holds" for n in range(9))
    assert "well 0 of the 0 conditions below hold" in drawn(1.0, rule)
    ills = "lagging finality; eclipse: 0 of 8 peers known on our chain, 8 on another"
    assert ills in drawn(0.0, ills)


def test_what_is_stale_is_not_known() -> None:
    assert "not known" in drawn(1.0, "well when", "stale")


def test_a_node_that_is_silent_is_not_called_well() -> None:
    assert "not known the node does not answer" in drawn(1.0, "well when", state="down")


def test_without_the_signal_there_is_no_line() -> None:
    assert node.network(worlds.scene(worlds.well()), 60) == []
