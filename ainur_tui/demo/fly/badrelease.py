"""The fault ``api-bad-release``: somebody deploys an image that fails; an earlier one does not."""

from __future__ import annotations

from ainur_tui.demo.faults import BAD_RELEASE
from ainur_tui.demo.fly.platform import FAULTY_APP, App, Platform

FAULT = "api-bad-release"


class BadRelease:
    """Deploys it once when the fault comes. What is rolled back stays so; when the fault goes, the
    image is well."""

    def __init__(self, platform: Platform) -> None:
        self._app = platform.apps.get(FAULTY_APP)
        self._switches = platform.switches
        self._deployed = False

    async def apply(self) -> None:
        """Do what the switch says."""
        wanted = self._switches.on(FAULT)
        if wanted and not self._deployed and self._app is not None:
            self._app.spawn(_deploy(self._app))
        self._deployed = wanted


async def _deploy(app: App) -> None:
    """The image on every machine, one after another."""
    image = f"{str(app.spec['image']).partition(':')[0]}:{BAD_RELEASE}"
    app.release(image, "deploy@ainur.example")
    for runner in tuple(app.runners.values()):
        runner.machine.revise(runner.machine.config | {"image": image}, app.values())
        await runner.replace(launch=True)
