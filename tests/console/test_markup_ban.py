"""No text is ever parsed as markup (S-04): the console draws spans, and only spans."""

from __future__ import annotations

import ast
from pathlib import Path

import ainur_tui.console

BANNED = {
    "Static", "Label", "Log", "RichLog", "Markdown", "DataTable", "OptionList", "Tree", "notify",
    "from_markup", "Button", "Collapsible", "Select", "Checkbox", "render_markup",
}  # fmt: skip
BANNED_ATTRIBUTES = {"border_title", "border_subtitle", "sub_title"}


def test_no_widget_that_parses_markup() -> None:
    root = Path(ainur_tui.console.__file__).parent
    found: list[str] = []
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in BANNED:
                    found.append(f"{path.name}:{node.lineno} calls {name}")
            if isinstance(node, ast.Attribute) and node.attr in BANNED_ATTRIBUTES:
                found.append(f"{path.name}:{node.lineno} sets {node.attr}")
    assert found == []
