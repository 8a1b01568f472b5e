"""Ask for the parameters of an action."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from ainur_tui.console.dialogs.pick import PickField
from ainur_tui.console.draw.glyphs import Glyphs
from ainur_tui.console.draw.spans import EMPTY, line, wrap
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.model.action import Param


class AskDialog(ModalScreen[dict[str, str] | None]):
    """One field a parameter; Enter goes to the next one and, after the last, on to the plan.

    Secret parameters are typed unseen; they are among the values it dismisses with, and nowhere
    else.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "refuse", "Back", id="ask.back")]

    def __init__(
        self, title: str, params: Sequence[Param], values: dict[str, str], glyphs: Glyphs,
        trouble: str = "", *, go: str = "then the plan",
    ) -> None:  # fmt: skip
        """``trouble`` says what was wrong with the values, which are there to be mended; ``go``
        what comes after the last field."""
        super().__init__()
        self._trouble = trouble
        self._title = title
        self._params = params
        self._values = values
        self._go = go
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog ask", can_focus=False):
            yield LinesView(glyphs=self._glyphs, classes="dialog-title")
            if self._trouble:
                yield LinesView(glyphs=self._glyphs, id="trouble", sized=self._tell)
            for param in self._params:
                yield LinesView(
                    glyphs=self._glyphs, id=f"label-{param.name}", classes="label",
                    sized=partial(self._label, param),
                )  # fmt: skip
                yield self._field(param)
            yield LinesView(glyphs=self._glyphs, classes="dialog-keys")

    def _field(self, param: Param) -> Input | PickField:
        choices = param.choices or (["true", "false"] if param.type == "bool" else [])
        value = self._values.get(param.name, param.default or "")
        if choices:
            return PickField(
                choices, value, glyphs=self._glyphs,
                required=param.required or bool(param.default),
                id=f"field-{param.name}",
            )  # fmt: skip
        secret = param.type == "secret"
        needed = "required" if param.required else "leave empty if not wanted"
        return Input(
            value="" if secret else value, id=f"field-{param.name}", compact=True, password=secret,
            placeholder=f"{needed}; not shown, not kept" if secret else needed,
        )  # fmt: skip

    @property
    def _fields(self) -> list[Input | PickField]:
        found = (self.query_one(f"#field-{param.name}") for param in self._params)
        return [field for field in found if isinstance(field, Input | PickField)]

    def on_mount(self) -> None:
        self.query_one(".dialog-title", LinesView).show([line((self._title, "strong"))])
        self._say("")
        # What is known is there to be read; what has to be typed comes first.
        pairs = zip(self._params, self._fields, strict=True)
        wanting = (field for param, field in pairs if param.required and not field.value)
        next(wanting, self._fields[0]).focus()

    def _label(self, param: Param) -> None:
        view = self.query_one(f"#label-{param.name}", LinesView)
        name = f"{param.name}  "
        first, *rest = wrap(param.help, max(view.size.width - len(name), 20), 3)
        more = [line((" " * len(name), "text"), (words, "quiet")) for words in rest]
        view.styles.height = 1 + len(more)
        view.show([line((name, "text"), (first, "quiet")), *more])

    def _tell(self) -> None:
        view = self.query_one("#trouble", LinesView)
        lines = [line((part, "fail")) for part in wrap(self._trouble, max(view.size.width, 20), 5)]
        view.styles.height = len(lines) + 1
        view.show(lines)

    def _say(self, trouble: str) -> None:
        head = line((f"{trouble}   ", "fail")) if trouble else EMPTY
        keys = line(("Enter", "key"), (f" next, {self._go}     ", "quiet"), ("Esc", "key"),
                    (" back", "quiet"))  # fmt: skip
        self.query_one(".dialog-keys", LinesView).show([(*head, *keys)])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._after(event.input)

    def on_pick_field_picked(self, event: PickField.Picked) -> None:
        event.stop()
        self._after(event.field)

    def _after(self, field: Input | PickField) -> None:
        if not self.is_current:
            return  # a second Enter, after the one that was the answer
        fields = self._fields
        place = fields.index(field)
        if place + 1 < len(fields):
            fields[place + 1].focus()
            return
        values: dict[str, str] = {}
        for param, given in zip(self._params, fields, strict=True):
            # Blanks at the ends of a secret may be part of it.
            value = given.value if param.type == "secret" else given.value.strip()
            if value:
                values[param.name] = value
            elif param.required:
                given.focus()
                self._say(f"{param.name} is needed")
                return
        self.dismiss(values)

    def action_refuse(self) -> None:
        self.dismiss(None)
