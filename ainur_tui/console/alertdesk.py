"""Errands of the Alerts tab: acknowledge, silence, look at a rule, at all of them, at the past."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ainur_tui.client.errors import CallError
from ainur_tui.console.dialogs.ask import AskDialog
from ainur_tui.console.dialogs.listing import Chosen, ListingDialog
from ainur_tui.console.dialogs.page import PageDialog
from ainur_tui.console.dialogs.sure import SureDialog
from ainur_tui.console.draw import alerts as draw
from ainur_tui.console.draw import rulelist
from ainur_tui.console.draw.alerttable import key_of
from ainur_tui.console.draw.spans import EMPTY, Line, line, wrap
from ainur_tui.console.talk import Talk
from ainur_tui.model.action import Param
from ainur_tui.model.alert import Alert
from ainur_tui.model.alertcalls import (
    AckCall,
    AlertDetail,
    AlertRef,
    Backtest,
    BacktestCall,
    Inventory,
    SilenceCall,
    Silenced,
    SilenceView,
    UnsilenceCall,
)
from ainur_tui.model.units import clock, seconds

_FOR = "how long: 30m, 2h, 1d"
_EMPTY = "no engine answers; ask again in a moment"


class AlertDesk(Talk):
    """Leads one errand at a time through its dialogs."""

    async def run(self, errand: str, alert: Alert | None) -> None:
        """What a key of the tab asks for."""
        match errand:
            case "inventory":
                await self.inventory()
            case "doctor":
                await self.doctor()
            case "silence":
                await self.silence(alert)
            case "ack" if alert is not None:
                await self.ack(alert)
            case "detail" if alert is not None:
                await self.detail(alert)

    async def ack(self, alert: Alert) -> None:
        """Say that the operator is on it, or no more."""
        if alert.ack is not None and alert.ack.by == self._app.store.scene().operator:
            about = (f"You are on {alert.name} of {alert.target}. Without you it calls again. Why "
                     "do you give it back?")  # fmt: skip
            why = await self.reason("Give it back", about, "give it back", needed=False)
            if why is not None:
                call = AckCall(name=alert.name, target=alert.target, withdraw=True)
                await self._call("alerts.ack", call)
            return
        held = f"{alert.ack.by} is on it; you take it over. " if alert.ack else ""
        params = [
            Param(name="comment", type="str", help=f"{held}what you do about it; others see it"),
            Param(name="for", type="str", help=f"{_FOR}; empty: until the alert is over"),
        ]
        title = f"Acknowledge {alert.severity} {alert.name} on {alert.target}"
        await self._form(title, params, {}, "acknowledge", lambda given: self._ack(alert, given))

    async def _ack(self, alert: Alert, given: dict[str, str]) -> None:
        lasts = given.get("for", "").strip()
        call = AckCall(
            name=alert.name, target=alert.target, comment=given.get("comment", ""),
            seconds=seconds(lasts) if lasts else None,
        )  # fmt: skip
        await self._call("alerts.ack", call, form=True)

    async def silence(self, alert: Alert | None) -> None:
        """Ask what, how long and why; show what it would mute; then do it."""
        params = [
            Param(name="alert", type="str", help="its name; * stands for anything, empty is any"),
            Param(name="target", type="str", help="and its target, parts included; empty is any"),
            Param(name="for", type="str", help=_FOR, required=True),
            Param(name="reason", type="str", help="why; everybody sees it", required=True),
        ]
        known = {"for": "2h"}
        if alert is not None:
            known |= {"alert": alert.name, "target": alert.target}
        await self._form("Silence alerts", params, known, "see what it would mute", self._silence)

    async def _silence(self, given: dict[str, str]) -> None:
        call = SilenceCall(
            name=given.get("alert", ""), target=given.get("target", ""), reason=given["reason"],
            seconds=seconds(given["for"]), dry=True,
        )  # fmt: skip
        found: Silenced | None = await self.ask(
            lambda: self._app.session.call("alerts.silence", call), form=True
        )
        if found is None:
            return
        until = clock(self._app.store.scene().now + call.seconds, date=True)
        what = f"{call.name or 'every alert'} on {call.target or 'every target'}"

        def build(columns: int) -> list[Line]:
            return [
                line((f"Nobody is called for {what} until {until} UTC.", "strong")),
                line(("They are judged, shown and recorded as ever.", "quiet")), EMPTY,
                *draw.mutes(found.mutes, columns),
            ]  # fmt: skip

        sure = await self.show(SureDialog("Silence?", build, self._app.glyphs, "silence"))
        if sure:
            await self._call("alerts.silence", replace(call, dry=False))

    async def detail(self, alert: Alert) -> None:
        """Everything about one alert, kept up to date while it is open."""
        ref = AlertRef(name=alert.name, target=alert.target)
        told: AlertDetail | None = await self._app.feed.ask("alerts.detail", ref)

        def build(columns: int) -> list[Line]:
            scene = self._app.store.scene()
            there = scene.view.alerts if scene.view else []
            now = next((a for a in there if key_of(a) == key_of(alert)), alert)
            return draw.detail(now, told, scene, columns)

        self._app.push_screen(PageDialog(alert.name, build, self._app.glyphs))

    async def inventory(self) -> None:
        """Rules, silences and deliveries; a silence is ended or made longer here."""
        while True:
            found: Inventory | None = await self._app.feed.ask("alerts.rules", None)
            now = self._app.store.scene().now
            table = rulelist.inventory(found, now) if found else None
            chosen = await self._list("Rules and silences", table,
                                      {"x": "end", "l": "longer", "t": "test"})  # fmt: skip
            if chosen is None or found is None:
                return
            kind, _, rest = chosen.row.key.partition(" ")
            if chosen.key == "t" and kind == "rule":
                await self.backtest(chosen.row.detail.get("rule", ""))
            elif kind == "silence" and chosen.key == "x":
                await self._end(next(v for v in found.silences if v.silence.id == rest))
            elif kind == "silence" and chosen.key == "l":
                await self._longer(rest)
            else:
                words = "x and l are for a silence, t is for a rule."
                await self.show(self.page("Not here", words))

    async def _end(self, view: SilenceView) -> None:
        """Say what is ended and who calls then, and end it."""
        one = view.silence
        where = "" if one.origin == "ours" else f" in the {one.origin}"
        what = f"{one.name or 'every alert'} on {one.target or 'every target'}"
        until = clock(one.until, date=True)

        def build(columns: int) -> list[Line]:
            words = f"{one.by} silenced {what} until {until} UTC: {one.reason}"
            return [
                *(line((part, "text")) for part in wrap(words, columns, 8)), EMPTY,
                line((f"It mutes {view.mutes or 'nothing'} now. It is ended{where}, for everybody.",
                      "strong")),
            ]  # fmt: skip

        if await self.show(SureDialog("End the silence?", build, self._app.glyphs, "end it")):
            await self._call("alerts.unsilence", UnsilenceCall(id=one.id))

    async def _longer(self, id: str) -> None:
        params = [Param(name="for", type="str", help=f"{_FOR}, from now on", required=True)]

        async def lengthen(given: dict[str, str]) -> None:
            call = SilenceCall(id=id, seconds=seconds(given["for"]))
            await self._call("alerts.silence", call, form=True)

        await self._form("Silence it longer", params, {"for": "2h"}, "set its end", lengthen)

    async def doctor(self) -> None:
        """What is wrong with the rules; one can be tested on the past."""
        while True:
            found = await self.ask(
                lambda: self._app.session.call("alerts.doctor", timeout=30.0),
                saying="examining every rule",
            )
            if found is None:
                return
            table = rulelist.doctor(found, self._app.store.scene().now)
            chosen = await self._list("Rule doctor", table, {"t": "back-test"})
            if chosen is None:
                return
            await self.backtest(chosen.row.detail.get("rule", ""))

    async def backtest(self, rule: str) -> None:
        """What a rule would have done in the last seven days."""
        call = BacktestCall(name=rule)
        found: list[Backtest] | None = await self.ask(
            lambda: self._app.session.call("alerts.backtest", call, timeout=30.0),
            saying=f"testing {rule} on the last 7 days",
        )
        if found:
            one = found[0]
            firings = "; ".join(
                f"{clock(f.start, date=True)[:16]} {f.target}" for f in one.firings[:8]
            )
            more = f" It would have begun at: {firings} (UTC)." if firings else ""
            said = (f"It {one.words}.{more} {one.basis} Another threshold is tried with: "
                    f"ainur-tui alerts backtest {one.rule} --threshold N")  # fmt: skip
            await self.show(self.page(f"{one.rule} on the past", said))

    async def _call(self, method: str, params: Any, *, form: bool = False) -> Any:
        """What the engine answers to a change."""
        return await self.ask(
            lambda: self._app.session.call(method, params), changes=True, form=form
        )

    async def _list(self, title: str, table: Any, more: dict[str, str]) -> Chosen | None:
        dialog = ListingDialog(title, lambda: table, self._app.glyphs, empty=_EMPTY, more=more)
        chosen: Chosen | None = await self.show(dialog)
        return chosen

    async def _form(
        self, title: str, params: list[Param], known: dict[str, str], go: str, work: Any
    ) -> None:
        """Ask until what was typed can be done, or is given up."""
        if self._app.store.read_only:
            self.tell("Read only", "This console changes nothing; start one without --read-only.")
            return
        trouble = ""
        while True:
            dialog = AskDialog(title, params, known, self._app.glyphs, trouble, go=go)
            given: dict[str, str] | None = await self.show(dialog)
            if given is None:
                return
            try:
                await work(given)
            except (CallError, ValueError) as error:
                known, trouble = given, str(getattr(error, "message", error))
            else:
                return
