"""The Alerts tab around its table: who is called for how much; and the pages behind a line."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ainur_tui.console.draw.alerttable import TONES, against, state_words, statistic
from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, Span, ends, left, line, wrap
from ainur_tui.console.draw.spans import Tone as SpanTone
from ainur_tui.console.draw.target import chart_of
from ainur_tui.model.alert import ACTIVE, Alert
from ainur_tui.model.alertcalls import AlertDetail, Firing
from ainur_tui.model.folding import Fold
from ainur_tui.model.severity import LEVELS
from ainur_tui.model.units import age, clock, duration

JUDGED_LATE = 10.0
"""Seconds after which the line of the watchdog turns red: nobody judges any more (F-76)."""


def heading(scene: Scene, columns: int) -> Line:
    """Who is called for how much; and that alerts are judged at all: the watchdog."""
    if scene.view is None:
        return line((" asking the engine …", "quiet"))
    calls = sum(one.calls for one in scene.folds)
    firing = sum(alert.state in ACTIVE for alert in scene.view.alerts)
    spans: list[Span] = [
        (f" {calls} to answer" if calls else " nothing to answer", "fail" if calls else "ok")
    ]
    for count, word in (
        (firing - calls, "folded or in hand"),
        (sum(alert.state == "pending" for alert in scene.view.alerts), "pending"),
        (sum(alert.state in {"no data", "blind"} for alert in scene.view.alerts), "not judged"),
        (sum(alert.silence is not None for alert in scene.view.alerts), "silenced"),
    ):
        if count > 0:
            spans.append((f"  {count} {word}", "quiet"))
    return ends(tuple(spans), _watchdog(scene), columns)


def _watchdog(scene: Scene) -> Line:
    old = scene.elapsed
    if scene.lost is not None or old > JUDGED_LATE:
        return line((f"NOT JUDGED for {age(old)} ", "fail"))
    return line((f"judged {age(old)} ago ", "quiet"))


def facts(alert: Alert, scene: Scene, columns: int) -> list[Line]:
    """What is so of an alert at this moment: its value, what explains it, who is on it."""
    level = LEVELS[alert.severity]
    answer = f"answer within {duration(level.response)}" if level.response else "next business day"
    lines: list[Line] = [
        line((f"{alert.severity} ", _span_tone(alert)), (alert.name, "strong"), " on ",
             (alert.target, "strong")),
        *_wrapped("", alert.summary, columns),
        EMPTY,
        *_wrapped("state", f"{state_words(alert, scene.now)}, since "
                  f"{clock(alert.since, date=True)} UTC ({age(scene.now - alert.since)})", columns),
        *_wrapped("value", f"{against(alert)} {statistic(alert)}".strip() or "not known", columns),
        *_wrapped("severity", f"{alert.severity} {level.title}: {level.means}; {answer} "
                  f"({level.origin})", columns),
        *_wrapped("because of", _cause(alert, scene), columns),
    ]  # fmt: skip
    return lines + _hands(alert, columns)


def beside(one: Fold, alert: Alert, scene: Scene, columns: int, rows: int) -> list[Line]:
    """What stands under the list where there is room: the facts, what to do, what it explains."""
    lines = facts(alert, scene, columns)
    whole = alert.target.partition("/")[0]
    books = scene.view.proposals if scene.view and scene.lost is None else []
    book = next((book for book in books if book.target == whole), None)
    if book is not None:
        lines += [EMPTY, line(("p ", "key"), (f"Playbook: {book.title}", "strong"))]
    if alert is one.root and one.under:
        lines += [EMPTY, line(("FOLDED UNDER IT", "title"))]
        for under in one.under[: max(0, rows - len(lines))]:
            told = f"{under.severity} {under.name} on {under.target}"
            lines.append(line((f"  {told}  ", "text"), (state_words(under, scene.now), "quiet")))
    return lines


def value_chart(alert: Alert, scene: Scene, columns: int, rows: int) -> list[Line]:
    """The alert's signal over time, against the threshold of its rule."""
    signal = scene.signal(alert.target, alert.signal)
    if signal is None:
        return []
    ruled = msgspec.structs.replace(signal, threshold=alert.threshold, worse=alert.op)
    return chart_of(ruled, alert.target, scene, columns, rows)


def detail(alert: Alert, told: AlertDetail | None, scene: Scene, columns: int) -> list[Line]:
    """All there is to know of one alert: ``told`` is what the engine knows of its rule."""
    lines = facts(alert, scene, columns)
    if told is not None:
        rule = told.rule
        lines += [EMPTY, line(("THE RULE", "title"))]
        lines += _wrapped("says", rule.words, columns)
        lines += _wrapped("origin", rule.origin + (f"; {rule.note}" if rule.note else ""), columns)
        for one in told.diagnoses:
            lines += _wrapped("doctor", one.text + (f"; {one.hint}" if one.hint else ""), columns)
        lines += [EMPTY, line(("FIRED BEFORE", "title"), ("   in the last 7 days", "quiet"))]
        lines += [_fired(one) for one in told.firings[:10]] or [line(("never", "quiet"))]
    return lines


def _cause(alert: Alert, scene: Scene) -> str:
    if alert.caused_by is None:
        return "itself: nothing else explains it"
    found = scene.target(alert.caused_by)
    return f"{alert.caused_by}: {found.summary}" if found else alert.caused_by


def _hands(alert: Alert, columns: int) -> list[Line]:
    """Who is on it, what mutes it, what muted it before."""
    lines: list[Line] = []
    if (ack := alert.ack) is not None:
        until = f", until {clock(ack.until)} UTC" if ack.until else ", until it is over"
        said = f": {ack.comment}" if ack.comment else ""
        lines += _wrapped("in hand", f"{ack.by} since {clock(ack.at)} UTC{until}{said}", columns)
    if (mute := alert.silence) is not None:
        lines += _wrapped("silenced", f"by {mute.by} until {clock(mute.until, date=True)} UTC: "
                          f"{mute.reason}", columns)  # fmt: skip
    if (was := alert.was_silenced) is not None:
        lines += _wrapped("it is back", f"{was.by} had silenced it until "
                          f"{clock(was.until, date=True)} UTC: {was.reason}", columns)  # fmt: skip
    return lines


def _fired(one: Firing) -> Line:
    lasted = "still" if one.end is None else f"for {duration(one.end - one.start)}"
    return line(f"  {clock(one.start, date=True)} UTC  ", (f"{lasted}  ", "text"),
                (one.target, "quiet"))  # fmt: skip


def _wrapped(name: str, text: str, columns: int) -> list[Line]:
    wide = 12 if name else 0
    first, *rest = wrap(text, max(20, columns - wide), 8)
    lines = [line((left(name, wide), "quiet"), (first, "text"))]
    return lines + [line((" " * wide, "quiet"), (more, "text")) for more in rest]


def _span_tone(alert: Alert) -> SpanTone:
    return {"fail": "fail", "warn": "warn"}.get(TONES[alert.severity], "text")  # type: ignore[return-value]


def mutes(alerts: Sequence[Alert], columns: int) -> list[Line]:
    """What a silence would mute at this moment."""
    if not alerts:
        return [line(("It would mute nothing at this moment, and what comes.", "quiet"))]
    count = f"It would mute {len(alerts)} alert{'' if len(alerts) == 1 else 's'} now:"
    lines = [line((count, "strong"))]
    for one in alerts[:12]:
        words = f"{one.severity} {one.name} on {one.target}: {one.summary}"
        lines.append(line(("  " + wrap(words, columns - 2, 1)[0], "text")))
    if len(alerts) > 12:
        lines.append(line((f"  and {len(alerts) - 12} more", "quiet")))
    return lines
