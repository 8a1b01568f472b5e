"""Nothing changes the world but the executor's steps: a contract over the source (S-24, S-36).

What sends a change is found in the source, not listed here: a method that sends anything but a
GET, runs ``systemctl VERB``, or writes an object. Modules that use one must define actions, or be
used by such modules only; a probe, a log source, a screen or a command never may.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ainur_tui

ROOT = Path(ainur_tui.__file__).parent
HANDS = re.compile(r"(client|systemctl|bucket|store|fly|secrets|machines|changes)$")
"""Who is asked for a change: attributes of other things may have the same names."""
SENDERS = {"_change", "act", "create_multipart_async", "put_async", "delete_async"}
READING_POSTS = {"systems/node/client.py", "systems/fly/releases/sizelist.py"}
"""JSON-RPC and GraphQL ask by POST; their methods only read."""
OWN_PROBE = "systems/storage/probes.py"
"""It writes and deletes one object of its own in the bucket configured for that: the only way to
know that a bucket can be written."""

_WORDS = "acting base httpfailures logsource seriesindex silencer system telling"
_OTHERS = "bigfile filekinds registry rulebook"
DOORS = tuple(f"ainur_tui.systems.{name}" for name in f"{_WORDS} {_OTHERS}".split())
"""What others may take from the systems: their words, who connects them, readers of files."""


@dataclass(frozen=True)
class Module:
    name: str
    tree: ast.Module

    def classes(self, *bases: str) -> bool:
        return any(
            isinstance(node, ast.ClassDef)
            and any(ast.unparse(base).split("[")[0].split(".")[-1] in bases for base in node.bases)
            for node in ast.walk(self.tree)
        )

    def imports(self) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ainur_tui"):
                found.add(str(node.module))
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return found

    @property
    def dotted(self) -> str:
        return f"ainur_tui.{self.name.removesuffix('.py').replace('/', '.')}"


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    return tuple(
        Module(str(path.relative_to(ROOT)), ast.parse(path.read_text()))
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
    )


def sends(function: ast.AST) -> bool:
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        verb = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if name in SENDERS or (name == "send" and verb in {"POST", "PUT", "PATCH", "DELETE"}):
            return True
    return False


def changers() -> set[str]:
    """The names of the methods of our clients that change the world."""
    found = {"act", "_change"}
    for module in modules("systems"):
        if module.name in READING_POSTS or module.classes("Action"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef) and sends(node):
                found.add(node.name)
    return found


def uses(module: Module, names: set[str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in names:
            receiver = ast.unparse(node.value).split("(")[0].split(".")[-1]
            if HANDS.search(receiver):
                yield f"{module.name}:{node.lineno} {ast.unparse(node)}"


def test_the_changers_are_found() -> None:
    assert {"act", "start", "stop", "restart", "create", "destroy", "lease"} <= changers()
    assert {"put", "delete"} <= changers()
    assert not {"machines", "machine", "releases", "show", "fetch", "head"} & changers()


def test_only_actions_and_their_hands_change_anything() -> None:
    names = changers()
    known = {module.dotted: module for module in modules("systems")}
    acting = {dotted for dotted, module in known.items() if any(uses(module, names))}
    assert "ainur_tui.systems.fly.hands" in acting
    for dotted in acting - {f"ainur_tui.{OWN_PROBE[:-3].replace('/', '.')}"}:
        module = known[dotted]
        if module.classes("Action") or module.name.endswith("client.py"):
            continue
        users = [m for m in known.values() if dotted in m.imports()]
        strangers = [m.name for m in users if m.classes("Probe", "LogSource")]
        assert not strangers, f"{dotted} changes the world and is used by {strangers}"


def test_probes_and_log_sources_change_nothing() -> None:
    names = changers()
    for module in modules("systems"):
        if module.classes("Probe", "LogSource") and module.name != OWN_PROBE:
            found = list(uses(module, names))
            assert not found or module.classes("Action"), found


def test_plans_and_observations_only_read() -> None:
    names = changers()
    for module in modules("systems"):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef) and node.name in {
                "plan", "observe", "read", "batches",
            } and module.name != OWN_PROBE:  # fmt: skip
                part = Module(module.name, ast.Module([node], []))
                assert not list(uses(part, names)), (module.name, node.name)


def test_outside_of_the_systems_nobody_has_hands() -> None:
    names = changers() - {"act"}
    for module in modules("engine", "cli", "console", "client", "rules", "config"):
        if module.name.startswith(("engine/", "console/", "client/")):
            bad = {
                name
                for name in module.imports()
                if name.startswith("ainur_tui.systems.") and not name.startswith(DOORS)
            }
            assert not bad, (module.name, bad)
        elif module.name.startswith("cli/"):
            clients = {n for n in module.imports() if re.search(r"systems\..*(client|hands)", n)}
            if clients:
                assert not list(uses(module, names)), module.name


def test_steps_are_worked_in_one_place() -> None:
    found = [
        f"{module.name}:{node.lineno}"
        for module in modules("engine", "cli", "console", "client")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) in {"step.work", "action.steps"}
    ]
    assert {place.split(":")[0] for place in found} == {"engine/runs/running.py"}
    assert len(found) == 2
