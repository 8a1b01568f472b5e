"""What a spec file declares: an app as it stands a while after its last deployment."""

from __future__ import annotations

import re
import time

from ainur_tui.demo.fly.certificates import Certificate
from ainur_tui.demo.fly.logs import LogRing
from ainur_tui.demo.fly.machines import Json, ulid
from ainur_tui.demo.fly.platform import App, Secret
from ainur_tui.demo.fly.volumes import DAY, Volume
from ainur_tui.demo.switches import Switches

SECRET_NAME = re.compile(r"(_SECRET|_KEY|_KEY_ID|_PASSWORD|_TOKEN|DATABASE_URL|R2_ENDPOINT)$")
"""Settings of the spec file the real deployment keeps as secrets, so no API shows their value."""
GUEST: Json = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512}


def found(spec: Json, logs: LogRing, switches: Switches) -> App:
    """An app as it stands a while after its last deployment, its machines not yet started."""
    app, now = App(spec, logs, switches), time.time()
    given = {**(spec.get("env") or {}), **(spec.get("secrets") or {})}
    for name, value in given.items():
        if SECRET_NAME.search(name) or name in (spec.get("secrets") or {}):
            app.secrets[name] = Secret(str(value), now - 20 * DAY, now - 20 * DAY)
    path, _, tag = str(spec["image"]).partition(":")
    for age, image in (
        (9 * DAY, f"{path}:deployment-{ulid(now - 9 * DAY)}"),
        (2 * DAY, f"{path}:deployment-{ulid(now - 2 * DAY)}"),
        (7200, f"{path}:{tag}" if tag else path),
    ):
        app.release(image, "deploy@ainur.example", now - age)
    for one in spec.get("volumes") or []:
        volume = Volume.found(one, app.name, spec["region"], now)
        app.volumes[volume.id] = volume
    for hostname in spec.get("hostnames") or []:
        app.certificates.append(Certificate(app.name, hostname, now - 82 * DAY))
    config = first_config(app)
    mounts = [volume.mount for volume in app.volumes.values()]
    for number in range(int(spec.get("count", 1))):
        app.create(config | {"mounts": mounts} if mounts and number == 0 else config)
    return app


def first_config(app: App) -> Json:
    """The configuration the first machines get, as a deployment would have left it."""
    spec, check = app.spec, dict(app.spec.get("check") or {"type": "tcp"})
    port = int(spec.get("internal_port") or 8080)
    check |= {"interval": "15s", "timeout": "2s", "grace_period": "5s"}
    if check["type"] == "http":
        check["method"] = "GET"
    public = spec.get("proxy_port") is not None
    env = {k: v for k, v in (spec.get("env") or {}).items() if not SECRET_NAME.search(k)}
    release = app.releases[0]
    config: Json = {
        "init": {},
        "env": {"FLY_PROCESS_GROUP": "app", "PRIMARY_REGION": spec["region"], **env},
        "guest": spec.get("guest") or GUEST,
        "image": spec["image"],
        "metadata": {
            "fly_flyctl_version": "0.3.214",
            "fly_platform_version": "v2",
            "fly_process_group": "app",
            "fly_release_id": release["id"],
            "fly_release_version": str(release["version"]),
        },
        "restart": {"policy": "always"},
        "services": [],
    }
    if not public:
        return config | {"checks": {"pg": check | {"port": port}}}
    service: Json = {
        "protocol": "tcp",
        "internal_port": port,
        "autostop": "off",
        "autostart": True,
        "min_machines_running": 1,
        "ports": [
            {"port": 80, "handlers": ["http"], "force_https": True},
            {"port": 443, "handlers": ["http", "tls"]},
        ],
        "concurrency": {"type": "requests", "soft_limit": 200, "hard_limit": 250},
        "checks": [check],
    }
    return config | {"services": [service]}
