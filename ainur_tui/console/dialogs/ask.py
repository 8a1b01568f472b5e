"""Ask for the parameters of an action, or for one line of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import line
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.action import Param


class AskDialog(ModalScreen[dict[str, str] | None]):
    """One field a parameter; Enter goes to the next one and, after the last, on to the plan."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "refuse", "Back", id="ask.back")]

    def __init__(
        self, title: str, params: Sequence[Param], values: dict[str, str], glyphs: Glyphs
    ) -> None:
        super().__init__()
        self._title = title
        self._params = params
        self._values = values
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog ask"):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            for param in self._params:
                yield LinesView(glyphs=self._glyphs, id=f"label-{param.name}", classes="label")
                yield Input(
                    value=self._values.get(param.name, param.default or ""),
                    id=f"field-{param.name}", compact=True,
                    placeholder="required" if param.required else "leave empty if not wanted",
                )  # fmt: skip
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(".dialog-title", LinesView).show([line((self._title, "strong"))])
        for param in self._params:
            label = self.query_one(f"#label-{param.name}", LinesView)
            label.show([line((f"{param.name}  ", "text"), (param.help, "quiet"))])
        self.query_one(".dialog-keys", LinesView).show(
            [
                line(
                    ("Enter", "key"),
                    (" next, then the plan     ", "quiet"),
                    ("Esc", "key"),
                    (" back", "quiet"),
                )
            ]
        )
        self.query(Input).first().focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        fields = list(self.query(Input))
        place = fields.index(event.input)
        if place + 1 < len(fields):
            fields[place + 1].focus()
            return
        values = {p.name: f.value.strip() for p, f in zip(self._params, fields, strict=True)}
        self.dismiss({name: value for name, value in values.items() if value})

    def action_refuse(self) -> None:
        self.dismiss(None)
