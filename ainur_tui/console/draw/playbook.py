"""A playbook as it goes on: its steps with their verdicts, the one at hand with its facts live."""

from __future__ import annotations

from ainur_tui.console.draw.playbookfacts import expected, facts
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, Tone, ends, left, line, width, wrap
from ainur_tui.model.playbook import (
    OVER,
    PlaybookRun,
    PlaybookStep,
    PlaybookStepState,
    Proposal,
    StepRun,
)
from ainur_tui.model.units import age, duration

WORDS: dict[PlaybookStepState, tuple[str, Tone]] = {
    "waiting": ("waiting", "quiet"), "looking": ("looking", "accent"),
    "deciding": ("yours", "warn"), "ordered": ("ordered", "accent"),
    "acting": ("acting", "accent"), "proving": ("checking", "accent"),
    "stuck": ("stuck", "fail"), "passed": ("passed", "ok"), "failed": ("failed", "fail"),
    "skipped": ("skipped", "quiet"), "not needed": ("not needed", "quiet"),
}  # fmt: skip
ENDED: dict[str, Tone] = {
    "verified": "ok", "failed": "fail", "aborted": "warn", "not needed": "quiet",
    "running": "accent",
}  # fmt: skip
WIDE = 130
"""Columns from which the step at hand stands beside the list."""
_LIST = 62


def lines(run: PlaybookRun, scene: Scene, columns: int) -> list[Line]:
    """The whole page. In a narrow one the step at hand stands in the list, in a wide one beside."""
    head = _head(run, scene, columns)
    if columns < WIDE:
        return [*head, *_listed(run, scene, columns, inline=True)]
    listed = _listed(run, scene, _LIST, inline=False)
    beside = _at_hand(run, scene, columns - _LIST - 3, full=True)
    rows = max(len(listed), len(beside))
    both = zip(_padded(listed, rows), _padded(beside, rows), strict=True)
    return [*head, *((*_wide(one), (" │ " if not scene.glyphs.ascii else " | ", "quiet"), *other)
                     for one, other in both)]  # fmt: skip


def at_hand(drawn: list[Line]) -> int:
    """The line at which the step at hand begins."""
    return next((i for i, one in enumerate(drawn) if one and one[0][1] == "cursor"), 0)


def strip_line(run: PlaybookRun, scene: Scene, columns: int) -> Line:
    """A playbook that goes on, in one line on every screen."""
    word, tone = WORDS[run.now.state]
    if run.now.state == "deciding":
        word = "waits for you" if run.operator == scene.operator else f"waits for {run.operator}"
    if scene.lost is not None:
        word, tone = "last seen " + word, "unknown"
    start = line(
        (f" {scene.glyphs.running} p ", "key"), (f"{run.book.title}  ", "strong"),
        (f"{_place(run)} ", "text"), (f"{word}  ", tone), (run.step.title, "text"),
    )  # fmt: skip
    return ends(start, line((f"{age(scene.now - run.started_at)} ", "quiet")), columns)


def strip(scene: Scene, columns: int) -> list[Line]:
    """The line of the playbook that goes on, and of the one that is proposed for what else is
    wrong."""
    going = going_on(scene)
    return [*(strip_line(run, scene, columns) for run in going[:1]),
            *(proposal_line(one, scene, columns) for one in beside(scene)[:1])]  # fmt: skip


def going_on(scene: Scene) -> list[PlaybookRun]:
    """The playbooks that go on."""
    return [run for run in scene.view.playbooks if run.state == "running"] if scene.view else []


def beside(scene: Scene) -> list[Proposal]:
    """The proposals for what none of them is about."""
    found = scene.view.proposals if scene.view and scene.lost is None else []
    busy = {name for run in going_on(scene) for name in (run.target, run.book.name)}
    return [one for one in found if not busy & {one.target, one.playbook}]


def proposal_line(one: Proposal, scene: Scene, columns: int) -> Line:
    """A playbook that fits, and why."""
    start = line((f" {scene.glyphs.cursor} ", "accent"), ("p ", "key"),
                 (f"Playbook: {one.title}  ", "strong"), (one.why, "quiet"))  # fmt: skip
    return ends(start, line((f"{scene.state_since(one.since)} ", "quiet")), columns)


def _place(run: PlaybookRun) -> str:
    return f"{run.at + 1}/{len(run.steps)}"


def _head(run: PlaybookRun, scene: Scene, columns: int) -> list[Line]:
    """Why it was begun, by whom, how it ended."""
    told = [line((text, "text")) for text in wrap(run.why or run.book.summary, columns, 2)]
    took = duration(max(0.0, (run.finished_at or scene.now) - run.started_at))
    by = f"by {run.operator} · step {_place(run)} · {took}"
    if run.incident:
        by += f" · incident {run.incident}"
    if run.taken_over:
        by += f" · {run.taken_over} engine restart{'s' if run.taken_over > 1 else ''} survived"
    if run.state != "running":
        tone = ENDED[run.state]
        words = wrap(f"{run.state.upper()}: {run.message}", columns, 4)
        return [*(line((text, tone)) for text in words), line((by, "quiet")), *told, EMPTY]
    if scene.lost is not None:
        told.insert(0, line((f"as it stood: {scene.lost}", "unknown")))
    return [*told, line((by, "quiet")), EMPTY]


def _listed(run: PlaybookRun, scene: Scene, columns: int, *, inline: bool) -> list[Line]:
    found: list[Line] = []
    for index, (one, what) in enumerate(zip(run.steps, run.book.step, strict=True)):
        here = index == run.at and run.state == "running"
        found.append(_one(one, what, scene, columns, here=here))
        if here and inline:
            found += [(("   ", "text"), *each) for each in
                      _at_hand(run, scene, columns - 3, full=False)]  # fmt: skip
        elif not here and one.words and (one.state not in {"not needed", "waiting"}):
            rows = 1 if one.state == "passed" else 2
            found += [
                line((" " * 14 + text, "quiet")) for text in wrap(one.words, columns - 14, rows)
            ]
            if one.again:
                again = f"after the restart: {one.again}"
                found += [line((" " * 14 + text, "quiet")) for text in wrap(again, columns - 14, 1)]
    return found


def _one(one: StepRun, what: PlaybookStep, scene: Scene, columns: int, *, here: bool) -> Line:
    word, tone = WORDS[one.state]
    marks = {"passed": scene.glyphs.done, "failed": scene.glyphs.state["down"], "stuck": "!",
             "skipped": "-", "not needed": "-", "waiting": " ", "deciding": "?"}  # fmt: skip
    mark = marks.get(one.state, scene.glyphs.running)
    took = ""
    if one.began is not None and one.state not in {"not needed", "waiting"}:
        seconds = (one.ended or scene.now) - one.began
        took = duration(seconds) if seconds >= 0.1 else ""
    title: Tone = "strong" if here else "quiet" if one.state == "waiting" else "text"
    start = line((scene.glyphs.cursor if here else " ", "cursor" if here else "quiet"),
                 (f"{mark} {left(word, 11)}", tone),
                 (what.title, title))  # fmt: skip
    return ends(start, line((took, "quiet")), columns)


def _at_hand(run: PlaybookRun, scene: Scene, columns: int, *, full: bool) -> list[Line]:
    """The step at hand: why, its facts live, what is expected, what comes next."""
    if run.state != "running":
        return [line((text, "quiet")) for text in wrap(run.book.summary, columns, 3)]
    one, what = run.now, run.step
    found = (
        [line((text, "quiet")) for text in wrap(what.why, columns, 3 if full else 1)]
        if what.why
        else []
    )
    if what.ask is not None:
        found += [line((text, "text")) for text in wrap(what.ask, columns, 5)]
    if one.do is not None:
        params = " ".join(f"{name}={value}" for name, value in one.do.params.items())
        words = f"{one.do.action} {one.do.target} {params}".rstrip()
        found += _labelled("action", words, columns, "strong", 1)
    found += facts(run, scene, columns, rows=16 if full else 3)
    if one.words and one.state != "acting":
        label = "because" if one.state == "deciding" else "observed"
        tone: Tone = "fail" if one.state == "stuck" else "text"
        found += _labelled(label, one.words, columns, tone, 6 if full or tone == "fail" else 2)
    if wanted := expected(run, scene):
        found += _labelled("expected", wanted, columns, "quiet", 4)
    if one.action and one.state == "acting":
        found += _action(one.action, scene, columns)
    if full or run.at + 1 == len(run.steps):  # in the list it stands right below
        found += _labelled("next", _next(run), columns, "quiet", 1)
    return found


def _action(identity: str, scene: Scene, columns: int) -> list[Line]:
    runs = scene.view.runs if scene.view else []
    acted = next((one for one in runs if one.id == identity), None)
    if acted is None:
        return []
    step = next((one for one in acted.steps if one.state == "running"), None)
    done = sum(one.state in {"done", "skipped"} for one in acted.steps)
    words = f"{step.name} {step.detail}" if step else acted.message or "its effect is looked for"
    return _labelled("doing", f"{done}/{len(acted.steps)} {words}", columns, "accent", 2)


def _next(run: PlaybookRun) -> str:
    later = zip(run.steps[run.at + 1 :], run.book.step[run.at + 1 :], strict=True)
    return next((what.title for one, what in later if one.state not in OVER), "the end")


def _labelled(label: str, words: str, columns: int, tone: Tone, rows: int) -> list[Line]:
    told = wrap(words, columns - 10, rows)
    return [line((left(label if index == 0 else "", 10), "quiet"), (text, tone))
            for index, text in enumerate(told)]  # fmt: skip


def _padded(some: list[Line], rows: int) -> list[Line]:
    return [*some, *[EMPTY] * (rows - len(some))]


def _wide(one: Line) -> Line:
    return (*one, (" " * max(0, _LIST - width(one)), "text"))
