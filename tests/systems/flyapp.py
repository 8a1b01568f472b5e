"""What belongs to an app as a whole, as the Machines API's public description has it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.systems.flybox import APP, Json, Refusal, moment


@dataclass
class AppSpec:
    """Secrets, certificates, volumes, tokens; and what the platform's own tools read of the web
    interface. ``done`` are the changes in order; ``strays`` what the description forbids."""

    secrets: dict[str, Json] = field(default_factory=dict)
    secrets_version: int = 0
    certificates: list[str] = field(default_factory=list)
    clusters: list[Json] = field(default_factory=list)
    releases: list[Json] | None = None
    lines: list[Json] = field(default_factory=list)
    writes: bool = True
    done: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    async def app(self, _: web.Request) -> Any:
        return {"id": "app_1", "name": APP, "status": "deployed",
                "organization": {"name": "Ainur", "slug": "ainur"}}  # fmt: skip

    async def list_secrets(self, _: web.Request) -> Any:
        return {"secrets": list(self.secrets.values())}

    async def set_secrets(self, request: web.Request) -> Any:
        self.secrets_version += 1
        for name, value in (await request.json())["values"].items():
            self.done.append(f"secret {name}")
            self.secrets.pop(name, None)
            if value is not None:
                digest = f"{hash(value) & 0xFFFFFFFF:08x}{self.secrets_version}"
                now = moment(time.time())
                self.secrets[name] = {
                    "name": name, "digest": digest, "created_at": now, "updated_at": now,
                }  # fmt: skip
        return {"secrets": list(self.secrets.values()), "version": self.secrets_version}

    async def list_certificates(self, request: web.Request) -> Any:
        """One a page."""
        at = int(request.query.get("cursor", "0"))
        found: Json = {
            "certificates": [
                {"hostname": name, "status": "active", "configured": True}
                for name in self.certificates[at : at + 1]
            ],
            "total_count": len(self.certificates),
        }
        more = at + 1 < len(self.certificates)
        return found | ({"next_cursor": str(at + 1)} if more else {})

    async def certificate(self, request: web.Request) -> Any:
        ends = moment(time.time() + 60 * 86400)
        issued = [{"type": "ecdsa", "expires_at": ends, "certificate_authority": "lets_encrypt"}]
        entry = {"source": "fly", "status": "active", "expires_at": ends, "issuer": None,
                 "issued": issued}  # fmt: skip
        return {"hostname": request.match_info["hostname"], "configured": True,
                "status": "active", "certificates": [entry]}  # fmt: skip

    async def volumes(self, _: web.Request) -> Any:
        return [{"id": "vol_1", "name": "disk", "state": "created", "size_gb": 3,
                 "attached_machine_id": None, "attached_alloc_id": None}]  # fmt: skip

    async def snapshots(self, _: web.Request) -> Any:
        return None

    async def addresses(self, _: web.Request) -> Any:
        return {"ips": [{"ip": "137.66.1.1", "shared": True}]}

    async def postgres(self, _: web.Request) -> Any:
        return {"data": self.clusters}

    async def token(self, _: web.Request) -> Any:
        return {"tokens": [{"token_id": "t1", "org_slug": "ainur", "organization": "Ainur"}]}

    async def authorize(self, request: web.Request) -> Any:
        access = (await request.json())["access"]
        if access != {"app_name": APP, "action": "w"} or not self.writes:
            raise Refusal(400, "unauthorized for action access w (w not allowed)")
        return {"access": {"action": "w"}, "verified_token": {}}

    async def graphql(self, _: web.Request) -> Any:
        raise Refusal(404, "no such page")

    async def list_releases(self, _: web.Request) -> Any:
        if self.releases is None:
            raise Refusal(404, "no such page")
        return {"releases": self.releases}

    async def logs(self, request: web.Request) -> Any:
        """From the place the token names; a page is two lines, an empty one is null."""
        at = int(request.query.get("next_token") or "0")
        page = self.lines[at : at + 2]
        return {"data": page or None, "meta": {"next_token": str(at + len(page)) if page else ""}}
