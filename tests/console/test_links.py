"""Dashboards elsewhere: their addresses are copied from the palette."""

from __future__ import annotations

from msgspec.structs import replace

from ainur_tui.config.systems import Grafana
from tests.console.consoles import running, shown, until


async def test_a_dashboard_is_copied_and_plain_http_is_told() -> None:
    async with running(size=(80, 24)) as (app, _, pilot):
        assert app.store.welcome is not None
        links = Grafana(url="http://grafana.internal/").links
        app.store.linked(replace(app.store.welcome, links=links))
        await pilot.press("colon", *"dashboard api", "enter")
        await until(pilot, lambda: "http://grafana.internal/d/api-performance" in shown(app))
        assert "plain http: only by a tunnel" in shown(app)
        assert app.clipboard == "http://grafana.internal/d/api-performance"
