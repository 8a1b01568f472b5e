"""The log view by keys, on a store of the engine's."""

from __future__ import annotations

import asyncio
import hashlib
import json
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from ainur_tui.client.errors import CallError
from ainur_tui.console.app import AinurApp
from ainur_tui.console.dialogs.choose import ChooseDialog
from ainur_tui.console.dialogs.logfilters import FiltersDialog
from ainur_tui.console.dialogs.logjump import JumpDialog
from ainur_tui.console.dialogs.logrecord import RecordDialog
from ainur_tui.console.dialogs.text import TextDialog
from ainur_tui.console.panels.logs import LogsPanel
from ainur_tui.console.widgets.lines import LinesView
from ainur_tui.console.widgets.logview import LogView
from ainur_tui.engine.logs.refine import refine
from ainur_tui.engine.logs.store import LogStore
from ainur_tui.model.failure import Refused
from ainur_tui.model.log import LogLine
from ainur_tui.systems.logsource import RawLine
from tests.console import worlds
from tests.console.consoles import Engine, running, shown, until
from tests.engine.logpages import page_of

WEEK = 7 * 86400.0
REQUEST = "01JD7Q4M0Z6XK9V3T8RNE2WBYC-sjc"


def raw(at: float, source: str, text: str, number: int) -> LogLine:
    machine = worlds.MACHINES[number % 2] if source == "api" else None
    return refine(RawLine(at=at, text=text, machine=machine), number, source, str, now=at)[0]


def week() -> LogStore:
    """A week as the miniature writes it, thinned: requests, blocks, statements, and one failure
    whose request left its name in three lines of two sources."""
    store = LogStore()
    start = worlds.NOW - WEEK
    for i in range(1000):
        at = start + i * WEEK / 1000
        lines = [
            ("api", f'{{"level":"info","ts":{at},"caller":"economic/channel.go:142",'
                    f'"msg":"payment settled","request_id":"01JD{i:08d}-sjc","amount":"{i % 9}"}}'),
            ("node", f"🏆 Imported #{184_000 + i} (0x40fc…b946 → 0x26de…2b61)"),
        ]  # fmt: skip
        if i == 650:
            lines += [
                ("api", f'{{"level":"warn","ts":{at},"msg":"retrying","request_id":"{REQUEST}"}}'),
                ("postgres", f"ERROR:  statement timeout in /* {REQUEST} */"),
                ("api", f'{{"level":"error","ts":{at},"msg":"database query timed out",'
                        f'"request_id":"{REQUEST}","path":"/api/v1/tasks"}}'),
            ]  # fmt: skip
        for source, text in lines:
            store.add(raw(at, source, text, store.next_seq()))
    return store


@asynccontextmanager
async def logs(
    store: LogStore, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[AinurApp, Engine, Pilot[None]]]:
    async with running(size=size) as (app, engine, pilot):
        before = engine.call

        async def call(method: str, params: Any = None, *, timeout: float = 10.0) -> Any:
            try:
                match method:
                    case "logs":
                        engine.calls.append((method, params))
                        return await page_of(store, params)
                    case "logs.evidence":
                        engine.calls.append((method, params))
                        return None
                    case "logs.counts":
                        return store.tally.counts(params, worlds.NOW)
                    case "logs.new":
                        return store.tally.news(params, worlds.NOW)
            except Refused as error:
                raise CallError(error.code, str(error)) from None
            return await before(method, params, timeout=timeout)

        engine.call = call  # type: ignore[method-assign]
        yield app, engine, pilot


def panel(app: AinurApp) -> LogsPanel:
    return app.query_one(LogsPanel)


async def opened(app: AinurApp, pilot: Pilot[None]) -> LogsPanel:
    await pilot.press("5")
    await until(pilot, lambda: app.query(LogsPanel) and panel(app).view.window.records)
    return panel(app)


def messages(app: AinurApp) -> list[str]:
    records = panel(app).view.window.records
    return [record.message for record in records if isinstance(record, LogLine)]


def at_cursor(app: AinurApp) -> str:
    record = panel(app).view.record
    return record.message if isinstance(record, LogLine) else ""


async def test_a_week_is_narrowed_to_one_request_in_four_keys() -> None:
    async with logs(week()) as (app, _, pilot):
        keys = 0

        async def press(key: str) -> None:
            nonlocal keys
            keys += 1
            await pilot.press(key)

        await press("5")
        await until(pilot, lambda: app.query(LogsPanel) and messages(app))
        await press("E")
        await until(pilot, lambda: "timed out" in at_cursor(app))
        await press("enter")
        await until(pilot, lambda: isinstance(app.screen, RecordDialog))
        await press("enter")
        await until(pilot, lambda: len(messages(app)) == 3)
        assert all(
            isinstance(one, LogLine) and REQUEST in one.message + one.fields.get("request_id", "")
            for one in panel(app).view.window.records
        )
        assert f"anywhere {REQUEST}" in shown(app)
        assert "timed out" in at_cursor(app)  # one stays where one was
        assert keys == 4
        await pilot.press("escape")
        await until(pilot, lambda: len(messages(app)) > 100)


async def test_filters_are_numbered_switched_turned_and_taken_away() -> None:
    async with logs(week()) as (app, engine, pilot):
        log = await opened(app, pilot)
        await pilot.press("v", "v", "t")
        await until(pilot, lambda: "warn or worse" in shown(app))
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, FiltersDialog))
        await pilot.press("i", *"retry", "enter")
        await until(pilot, lambda: messages(app) == ["retrying"])
        assert '"retry"' in shown(app)
        bar = app.screen_stack[0].query_one(".filters", LinesView)
        await pilot.press("2")
        await until(pilot, lambda: '2 "retry" (off)' in bar.text)
        await pilot.press("t")
        await until(pilot, lambda: 'not "retry"' in bar.text and len(messages(app)) == 2)
        await pilot.press("d", "equals_sign")
        await until(pilot, lambda: "1 level warn" in bar.text and messages(app) == ["retrying"])
        await pilot.press("s", *"soon", "enter")
        assert "no time" in shown(app)
        await pilot.press("escape", "1", "escape")
        await until(pilot, lambda: len(app.screen_stack) == 1 and len(messages(app)) > 100)
        assert "1 level warn (off)" in bar.text
        await pilot.press("F")
        await until(pilot, lambda: not log.stack.chips)
        await pilot.press("escape")
        await until(pilot, lambda: len(log.stack.chips) == 1)
        assert engine.asked("logs")[-1].limit == 400


async def test_search_highlights_and_goes_from_match_to_match_beyond_the_page() -> None:
    async with logs(week()) as (app, _, pilot):
        log = await opened(app, pilot)
        await pilot.press("ctrl+f", *"statement", "space", *"timeout", "enter")
        await until(pilot, lambda: "statement timeout" in at_cursor(app))
        assert not log.stack.chips
        assert ("statement timeout", "cursor") in [span for row in log.view._lines for span in row]
        await pilot.press("N")
        await until(pilot, lambda: "no match before this" in shown(app))
        await pilot.press("ctrl+f", "(")
        await until(pilot, lambda: "not a usable pattern" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: log.view.search is None and not app.query("#find"))
        assert isinstance(app.focused, type(log.view))


async def test_a_moment_an_event_and_a_bookmark_are_gone_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time", lambda: worlds.NOW)
    async with logs(week()) as (app, _, pilot):
        log = await opened(app, pilot)
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.press(*"soon", "enter")
        await until(pilot, lambda: "That is no time" in shown(app))
        app.screen.query_one(Input).value = "3d ago"
        await pilot.press("enter")
        await until(pilot, lambda: log.place and abs(log.place.at - worlds.NOW + 3 * 86400) < 700)
        await pilot.press("M", "G")
        await until(pilot, lambda: log.view.window.following)
        await pilot.press("B")
        await until(pilot, lambda: isinstance(app.screen, JumpDialog))
        await pilot.press("enter")
        await until(pilot, lambda: log.place and abs(log.place.at - worlds.NOW + 3 * 86400) < 700)
        assert log.view.record.seq in log.view.books  # type: ignore[union-attr]
        await pilot.press("1", "w")
        await until(pilot, lambda: "What changed" in shown(app) and "node restarted" in shown(app))
        await pilot.press("l")
        await until(pilot, lambda: app.panel is log)
        await until(pilot, lambda: log.place and abs(log.place.at - worlds.NOW + 400) < 700)


async def test_a_key_while_the_end_is_asked_for_is_not_lost() -> None:
    store, asked = week(), asyncio.Event()
    async with logs(store) as (app, engine, pilot):
        log = await opened(app, pilot)
        before, release = engine.call, asyncio.Event()

        async def late(method: str, params: Any = None, *, timeout: float = 10.0) -> Any:
            found = await before(method, params, timeout=timeout)
            if method == "logs" and params.limit > 1:
                asked.set()
                await release.wait()
            return found

        engine.call = late  # type: ignore[method-assign]
        log.post_message(LogsPanel.QueryChanged())
        await asked.wait()
        await pilot.press("k")
        release.set()
        await until(pilot, lambda: not log.view.window.following and log.view.window.behind)
        assert at_cursor(app) == messages(app)[-2]


async def test_a_selection_is_written_masked_and_frozen_with_its_hash(tmp_path: Path) -> None:
    store = week()
    store.add(raw(worlds.NOW, "api", "error: token=abcdefghijkl refused", store.next_seq()))
    async with logs(store) as (app, engine, pilot):
        app.evidence = tmp_path / "evidence"
        await opened(app, pilot)
        await pilot.press("V", "k", "k")
        await until(pilot, lambda: "3 selected" in shown(app))
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press(*"json", "enter")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        app.screen.query_one(Input).value = str(tmp_path / "kept.jsonl")
        await pilot.press("enter")
        await until(pilot, lambda: "written:" in shown(app))
        await pilot.press("escape", "X")
        await until(pilot, lambda: isinstance(app.screen, ChooseDialog))
        await pilot.press(*"freeze", "enter")
        await until(pilot, lambda: "evidence" in shown(app) and "SHA-256" in shown(app))
        (noted,) = (params for method, params in engine.calls if method == "logs.evidence")
    kept = (tmp_path / "kept.jsonl").read_text()
    assert [json.loads(one)["source"] for one in kept.splitlines()] == ["api", "node", "api"]
    assert "abcdefghijkl" not in kept
    (frozen,) = (tmp_path / "evidence").iterdir()
    assert stat.S_IMODE(frozen.stat().st_mode) == 0o600
    head, _, body = frozen.read_bytes().partition(b"\n")
    assert json.loads(head)["sha256"] == hashlib.sha256(body).hexdigest()
    assert json.loads(head)["records"] == 3
    assert json.loads(head) == msgspec.to_builtins(noted)


async def test_what_is_new_since_the_last_good_hour_leads_to_its_example() -> None:
    store = week()
    for i in range(3):
        store.add(raw(worlds.NOW - 60, "api", f"ERROR: shard {i} is gone", store.next_seq()))
    for i in range(600):
        store.add(raw(worlds.NOW - 30, "node", f"Idle ({i} peers)", store.next_seq()))
    async with logs(store) as (app, _, pilot):
        log = await opened(app, pilot)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, JumpDialog) and "shard" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "shard 2" in at_cursor(app))
        assert not log.view.window.following


async def test_who_follows_seeks_back_from_the_last_record() -> None:
    async with running(size=(80, 24)) as (app, engine, pilot):
        await pilot.press("5")
        log = app.query_one(LogView)
        await until(pilot, lambda: len(log.window.records) == 120)
        asked = len(engine.asked("logs"))
        await pilot.press("ctrl+f", *"ok", "enter")
        await until(pilot, lambda: not log.window.following)
        assert log.window.index == 119
        await pilot.press("escape", "G", "E")
        await until(pilot, lambda: log.window.index == 99)
        assert len(engine.asked("logs")) == asked
