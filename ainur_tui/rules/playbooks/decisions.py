"""What a person decides at a step, but for the action itself. Raises Refused where it makes no
sense; the codes are those of sysexits."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.model.failure import BAD_DATA, DENIED, TRY_AGAIN, UNAVAILABLE, USAGE, Refused
from ainur_tui.model.playbook import PlaybookRun, StepRun
from ainur_tui.model.playbookcalls import Choice, DecideCall
from ainur_tui.model.text import clean
from ainur_tui.rules.playbooks.playbooks import change, ended, passed_over

REASONED: frozenset[Choice] = frozenset({"skip", "abort", "take-over"})
ANY_STEP: frozenset[Choice] = frozenset({"abort", "take-over"})
"""Decisions about the whole playbook, whichever step it is at."""


def allowed(run: PlaybookRun, call: DecideCall, operator: str) -> None:
    """Raises Refused for a decision that is not this person's, or is about another step."""
    if run.state != "running":
        raise Refused(f"this playbook is over: {run.state}", UNAVAILABLE)
    if call.choice in REASONED and not call.reason.strip():
        raise Refused(f"to {call.choice} needs a reason", USAGE)
    if call.choice != "take-over" and operator != run.operator:
        raise Refused(
            f"{run.operator} works through this playbook; it can be taken over with a reason",
            DENIED,
        )
    if call.choice not in ANY_STEP and call.step != run.now.id:
        raise Refused(f"it has gone on to “{run.step.title}” meanwhile", TRY_AGAIN)


def decided(run: PlaybookRun, call: DecideCall, operator: str, now: float) -> PlaybookRun:
    """The run after the decision."""
    state, by = run.now.state, f"by {operator}: {clean(call.reason, 200)}"
    match call.choice:
        case "take-over":
            return replace(run, operator=operator, message=clean(call.reason, 200))
        case "abort" if state not in {"ordered", "acting"}:
            return ended(run, "aborted", by, now)
        case "skip" if state in {"waiting", "looking", "deciding", "stuck", "proving"}:
            return passed_over(run, "skipped", by, now)
        case "retry" if state in {"looking", "deciding", "stuck", "proving"}:
            fresh = StepRun(id=run.now.id, attempt=run.now.attempt + 1)
            return replace(run, steps=[*run.steps[: run.at], fresh, *run.steps[run.at + 1 :]])
        case "done" if state in {"deciding", "stuck"} and run.step.ask is not None:
            return change(run, state="proving", since=now, began=now, ended=None)
    raise Refused(
        f"{call.choice} makes no sense here: “{run.step.title}” is {state}"
        + ("; stop its action first" if state == "acting" else ""),
        BAD_DATA,
    )
