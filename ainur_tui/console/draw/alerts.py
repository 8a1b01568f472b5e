"""The Alerts tab: a line a cause, its symptoms counted under it; and the pages behind a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ainur_tui.console.draw.scene import Scene
from ainur_tui.console.draw.spans import EMPTY, Line, Span, ends, left, line, wrap
from ainur_tui.console.draw.spans import Tone as SpanTone
from ainur_tui.model.alert import ACTIVE, Alert, AlertState
from ainur_tui.model.alertcalls import AlertDetail, Firing
from ainur_tui.model.folding import Fold
from ainur_tui.model.severity import LEVELS
from ainur_tui.model.table import Column, Row, Table, Tone
from ainur_tui.model.units import age, clock, duration, show

NAME = "alerts"
COLUMNS = [
    Column(name="alert", title="Alert", limit=48),
    Column(name="folded", title="More", rank=1, limit=7),
    Column(name="state", title="State", rank=1, limit=16),
    Column(name="since", title="For", unit="age", rank=1),
    Column(name="target", title="Target", rank=1, limit=28),
    Column(name="value", title="Value", rank=2, limit=26),
    Column(name="statistic", title="Of", rank=3, limit=14),
    Column(name="who", title="Who", rank=3, limit=20),
    Column(name="summary", title="What", rank=4, limit=160),
]
JUDGED_LATE = 10.0
"""Seconds after which the line of the watchdog turns red: nobody judges any more (F-76)."""
_WORDS: dict[AlertState, str] = {
    "pending": "pending", "firing": "FIRING", "recovering": "recovering", "resolved": "over",
    "no data": "no data", "blind": "blind", "inactive": "at rest",
}  # fmt: skip
_TONES: dict[str, Tone] = {"P1": "fail", "P2": "fail", "P3": "warn", "P4": "none"}


def key_of(alert: Alert) -> str:
    """The row of an alert."""
    return f"{alert.name} {alert.target} {alert.origin}"


def table(scene: Scene, opened: Collection[str]) -> Table | None:
    """Folded alerts as rows; those under a line whose key is among ``opened`` follow it."""
    if scene.view is None:
        return None
    rows: list[Row] = []
    for one in scene.folds:
        open_here = key_of(one.root) in opened
        rows.append(_row(one.root, scene, _folded(one, open_here=open_here)))
        if open_here:
            rows += [_row(under, scene, "", depth=1) for under in one.under]
    hidden = len(scene.view.alerts) - len(rows)
    note = f"{hidden} folded, f shows those of a line" if hidden else ""
    return Table(
        name=NAME, target="", title="Alerts", columns=COLUMNS, rows=rows,
        observed_at=scene.view.at, source="the engine's rules", note=note or None,
    )  # fmt: skip


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


def _folded(one: Fold, *, open_here: bool) -> str:
    if not one.under:
        return ""
    worst = f" {one.worst}" if one.worst != one.root.severity else ""
    mark = "-" if open_here else "+"
    return f"{mark}{len(one.under)}{worst}"


def _row(alert: Alert, scene: Scene, folded: str, *, depth: int = 0) -> Row:
    known = scene.target(alert.target) is not None
    return Row(
        key=key_of(alert), depth=depth, target=alert.target if known else None, tone=_tone(alert),
        cells=[
            f"{alert.severity} {alert.name}", folded, state_words(alert, scene.now), alert.since,
            alert.target, against(alert), statistic(alert), who(alert), alert.summary,
        ],
        detail={"because of": alert.caused_by or "itself", "origin": alert.origin},
    )  # fmt: skip


def _tone(alert: Alert) -> Tone:
    if alert.state not in ACTIVE:
        return "none" if alert.state == "pending" else "quiet"
    return "quiet" if alert.quiet else _TONES[alert.severity]


def state_words(alert: Alert, now: float) -> str:
    """The state, with the time left while it is pending and a mark where it flaps."""
    word = _WORDS[alert.state]
    if alert.fires_at is not None:
        left_over = max(0.0, alert.fires_at - now)
        word = f"fires in {age(left_over)}"
    elif alert.state in ACTIVE and alert.ack is not None:
        word = f"{alert.state}, {alert.ack.by}"
    elif alert.state in ACTIVE and alert.silence is not None:
        word = f"{alert.state}, mute"
    return f"{word} x{alert.flaps}" if alert.flaps > 2 else word


def against(alert: Alert) -> str:
    """The value against its threshold, with their unit: ``412 ms >100 ms``."""
    if alert.value is None or alert.state in {"no data", "blind"}:
        return ""  # the last one known is no value of now
    value = show(alert.value, alert.unit)
    if alert.unit == "bool" or alert.threshold is None or alert.signal.startswith("promql."):
        return value
    sign = ">" if alert.op == "above" else "<"
    return f"{value} {sign}{show(alert.threshold, alert.unit)}"


def statistic(alert: Alert) -> str:
    """What the value is of its samples: ``p95``; nothing where it is simply the last."""
    return "" if alert.statistic == "last" else alert.statistic


def who(alert: Alert) -> str:
    """Who has it in hand, or until when it is mute."""
    if alert.ack is not None:
        return alert.ack.by
    if alert.silence is not None:
        return f"mute to {clock(alert.silence.until)[:5]}"
    return ""


def detail(alert: Alert, told: AlertDetail | None, scene: Scene, columns: int) -> list[Line]:
    """All there is to know of one alert: ``told`` is what the engine knows of its rule."""
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
    lines += _hands(alert, columns)
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
    return {"fail": "fail", "warn": "warn"}.get(_TONES[alert.severity], "text")  # type: ignore[return-value]


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
