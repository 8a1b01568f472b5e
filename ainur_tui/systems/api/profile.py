"""Where the API's processor time goes: Go's profiler asked through a tunnel, the answer kept."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ainur_tui.config import safefile
from ainur_tui.config.types import Api
from ainur_tui.model.action import ActionSpec, Param, Plan
from ainur_tui.model.failure import UNAVAILABLE, USAGE, ActionFailure, ProbeFailure, Refused
from ainur_tui.model.text import clean
from ainur_tui.systems.acting import Action, Observation, Step, StepContext, World
from ainur_tui.systems.api import pprof
from ainur_tui.systems.base import Context
from ainur_tui.systems.http import HttpClient

PATH = "/debug/pprof/profile"
SECONDS, LONGEST = 30, 120
"""As the guide asks for, and what a run may wait for at the most."""
KEPT = 20
"""Profiles that stay in the folder."""
SHOWN = 5
PATIENCE = 15.0
"""Seconds beyond the profile itself that the answer may take."""


class Profile(Action):
    """A CPU profile into a private file; verified by decoding it. The lease on the API keeps a
    second one out, as the profiler itself takes one at a time."""

    spec = ActionSpec(
        name="profile",
        targets=["api"],
        risk="R1",
        summary="Fetch a CPU profile of the service and name the functions that take most",
        params=[Param(name="seconds", type="int", help="how long to look", default=str(SECONDS))],
    )

    def __init__(self, api: Api, context: Context) -> None:
        self._base = api.pprof
        self._context = context
        self._folder = context.state / "profiles" if context.state else None

    def unavailable(self) -> str | None:
        if self._base is None:
            return (
                "api.pprof is not set: the profiler's address on this side of a tunnel, as"
                " http://127.0.0.1:8080 after fly proxy 8080"
            )
        return None if self._folder else "there is no folder to keep a profile in"

    async def plan(self, target: str, params: dict[str, str], _: World) -> Plan:
        told = params.get("seconds", str(SECONDS))
        seconds = int(told) if told.isdecimal() and len(told) < 4 else 0
        if not 1 <= seconds <= LONGEST:
            raise Refused(f"profile needs seconds from 1 to {LONGEST}", USAGE)
        if self._base is None or self._folder is None:
            raise Refused(self.unavailable() or "", UNAVAILABLE)
        at = datetime.fromtimestamp(self._context.clock.now(), UTC)
        path = self._folder / f"api-{at:%Y%m%dT%H%M%SZ}.pb.gz"
        return Plan(
            action="profile",
            target=target,
            risk="R1",
            params={"seconds": str(seconds)},
            steps=[f"Profile {target} for {seconds} s"],
            affects=[],
            goal={"path": str(path), "seconds": seconds},
            expected_seconds=seconds + 2.0,
            title=f"CPU profile of {target}",
            warnings=["One machine answers, at about a twentieth more processor time meanwhile."],
            facts=[f"kept in {path}", f"go tool pprof {path} opens it"],
        )

    def steps(self, plan: Plan) -> list[Step]:
        seconds = int(plan.goal["seconds"])
        work = partial(self._fetch, Path(plan.goal["path"]), seconds)
        return [Step(plan.steps[0], work, "abort", limit=seconds + 2 * PATIENCE)]

    async def observe(self, plan: Plan) -> Observation:
        """Decode what was kept."""
        path = Path(plan.goal["path"])
        try:
            packed = (await asyncio.to_thread(safefile.read, path)).data
            found = await asyncio.to_thread(pprof.decode, packed)
        except (safefile.Unreadable, ValueError) as error:
            return Observation("failed", f"{path}: {clean(error, 160)}", final=True)
        return Observation("verified", f"{path}: {_words(found)}")

    async def _fetch(self, path: Path, seconds: int, step: StepContext) -> str:
        client = HttpClient(
            str(self._base), clock=self._context.clock, redact=self._context.redact,
            deadline=seconds + PATIENCE,
        )  # fmt: skip
        step.progress(f"the profiler looks for {seconds} s")
        try:
            answer = await client.get(PATH, params={"seconds": str(seconds)})
            found = await asyncio.to_thread(pprof.decode, answer.body)
            await asyncio.to_thread(_keep, path, answer.body)
        except (ProbeFailure, ValueError) as failure:
            raise ActionFailure(f"{PATH}: {clean(failure, 200)}") from None
        except OSError as error:
            raise ActionFailure(f"{path} cannot be written: {error.strerror}") from None
        finally:
            await client.close()
        top = [{"function": clean(name, 120), "share": share} for name, share in found.flat]
        step.keep(profile={"path": str(path), "seconds": found.seconds, "top": top[:SHOWN]})
        return _words(found)


def _words(found: pprof.Profile) -> str:
    top = ", ".join(f"{clean(name, 60)} {share:.0%}" for name, share in found.flat[:SHOWN])
    return f"{found.total:.2f} s of processor time in {found.seconds:.0f} s; {top or 'idle'}"


def _keep(path: Path, packed: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    safefile.replace(path, packed)
    for old in sorted(path.parent.glob("api-*.pb.gz"))[:-KEPT]:
        old.unlink(missing_ok=True)
