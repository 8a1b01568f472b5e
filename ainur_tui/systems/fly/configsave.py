"""Save the configuration of the app's machines to a file, with what differs from the last one."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import stat
from functools import partial
from pathlib import Path

from ainur_tui.config import safefile
from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import USAGE, ActionFailure, Refused
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.fly.hands import Hands
from ainur_tui.systems.fly.health import serving

KIND = "ainur-tui machine configuration"
MOST_BYTES, SHOWN = 8 * 1024 * 1024, 12


class ConfigSave(Action):
    """Written in one piece, readable by its owner alone; never over a file of another kind."""

    spec = ActionSpec(
        name="config-save",
        targets=["api"],
        risk="R1",
        summary="Save every machine's configuration to a file, and show what differs from it now",
        params=[Param(name="path", type="str", help="an absolute path", required=True)],
    )

    def __init__(self, hands: Hands, redact: Redactor) -> None:
        self.hands = hands
        self._redact = redact

    async def plan(self, target: str, params: dict[str, str], world: World) -> Plan:
        path = Path(params.get("path", ""))
        if not path.is_absolute() or not path.parent.is_dir():
            raise Refused("config-save needs path=/an/absolute/path in a folder there is", USAGE)
        new, old = await self._document(), _saved(path)
        facts = [f"{clean(str(path), 160)} is new"]
        if old is not None:
            lines = [
                line
                for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=0)
                if line[:1] in "+-" and line[:3] not in {"+++", "---"}
            ]
            facts = [f"{len(lines)} lines differ from the file there"]
            facts += [self._redact(clean(line, 120)) for line in lines[:SHOWN]]
        return Plan(
            action="config-save",
            target=target,
            risk="R1",
            params={"path": str(path)},
            steps=[_step(str(path))],
            affects=[],
            before={"file": _digest(old), "configuration": _digest(new)},
            goal={"configuration": _digest(new)},
            expected_seconds=world.usual_seconds or 1.0,
            title="Save the machines' configuration",
            facts=facts,
        )

    def steps(self, plan: Plan) -> list[Step]:
        return [Step(_step(plan.params["path"]), partial(self._write, plan))]

    async def observe(self, plan: Plan) -> Observation:
        try:
            found = _digest(_saved(Path(plan.params["path"])))
        except Refused as refused:
            return Observation("failed", str(refused))
        if found != plan.goal["configuration"]:
            return Observation("failed", "the file does not hold the configuration of the plan")
        return Observation("verified", f"the file holds it, SHA-256 {found[:16]}")

    async def _write(self, plan: Plan, context: StepContext) -> str:
        path, document = Path(plan.params["path"]), await self._document()
        if _digest(document) != plan.goal["configuration"]:
            raise ActionFailure("the configuration changed since the plan was made")
        try:
            safefile.replace(path, document.encode())
        except OSError as error:
            raise ActionFailure(f"it cannot be written: {error.strerror}") from None
        context.keep(path=str(path), bytes=len(document))
        return f"{len(document)} bytes written"

    async def _document(self) -> str:
        found = serving(await self.hands.client.machines(self.hands.app))
        rows = [{"id": m.id, "region": m.region, "config": m.config} for m in found]
        body = {"kind": KIND, "app": self.hands.app, "machines": rows}
        return json.dumps(body, indent=1, sort_keys=True) + "\n"


def _saved(path: Path) -> str | None:
    """What was saved there before; raises Refused for a file that is none of ours."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"the path cannot be read: {error.strerror}", USAGE) from None
    try:
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
            raise ValueError
        text = path.read_text()
        if not isinstance(body := json.loads(text), dict) or body.get("kind") != KIND:
            raise ValueError
    except (OSError, ValueError):
        raise Refused("the file there is no saved configuration; choose another", USAGE) from None
    return text


def _digest(text: str | None) -> str:
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()


def _step(path: str) -> str:
    return f"write {clean(path, 160)}"
