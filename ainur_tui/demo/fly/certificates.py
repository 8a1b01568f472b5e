"""Host names of an app, with their certificates and the DNS records they need."""

from __future__ import annotations

from dataclasses import dataclass

from ainur_tui.demo.fly.machines import Json, iso
from ainur_tui.demo.fly.volumes import DAY, name_of

LASTS, RENEWED_BEFORE = 90 * DAY, 30 * DAY
"""A certificate's life, and how long before its end the next one is issued (seconds)."""
V4, V6 = "127.0.0.1", "::1"
"""Where the edge of this platform listens."""


@dataclass(frozen=True)
class Certificate:
    """A host name, its certificate renewed by the platform; ``added`` in epoch seconds."""

    app: str
    hostname: str
    added: float

    def issued(self, now: float) -> float:
        """When the present certificate was issued."""
        every = LASTS - RENEWED_BEFORE
        return self.added + (now - self.added) // every * every

    def summary(self, now: float) -> Json:
        """Its entry in the list, which tells no expiry."""
        return {
            "hostname": self.hostname,
            "status": "active",
            "dns_provider": "cloudflare",
            "acme_dns_configured": True,
            "acme_alpn_configured": True,
            "acme_http_configured": True,
            "ownership_txt_configured": True,
            "configured": True,
            "acme_requested": True,
            "has_custom_certificate": False,
            "has_fly_certificate": True,
            "created_at": iso(self.added),
            "updated_at": iso(self.issued(now)),
        }

    def detail(self, now: float) -> Json:
        """The certificate by itself, with its expiry and the records it needs."""
        issued = self.issued(now)
        expires = iso(issued + LASTS)
        authority = {"type": "ecdsa", "expires_at": expires}
        entry = {
            "source": "fly",
            "status": "active",
            "created_at": iso(issued),
            "expires_at": expires,
            "issuer": None,
            "issued": [authority | {"certificate_authority": "lets_encrypt"}],
        }
        return {
            "hostname": self.hostname,
            "configured": True,
            "acme_requested": True,
            "status": "active",
            "dns_provider": "cloudflare",
            "rate_limited_until": None,
            "certificates": [entry],
            "validation": {
                "dns_configured": True,
                "alpn_configured": True,
                "http_configured": True,
                "ownership_txt_configured": True,
            },
            "dns_requirements": {
                "a": [V4],
                "aaaa": [V6],
                "cname": f"{self.app}.fly.dev",
                "acme_challenge": {
                    "name": f"_acme-challenge.{self.hostname}",
                    "target": self._challenge,
                },
                "ownership": {
                    "name": f"_fly-ownership.{self.hostname}",
                    "app_value": self._owner,
                    "org_value": name_of("org", self.app).replace("_", "-"),
                },
            },
            "validation_errors": [],
        }

    def records(self) -> Json:
        """What its name resolves to, as a check finds it."""
        return {
            "a": [V4],
            "aaaa": [V6],
            "cname": [],
            "resolved_addresses": [V4, V6],
            "soa": f"ns1.{self.hostname.partition('.')[2]}",
            "acme_challenge_cname": self._challenge,
            "ownership_txt": self._owner,
        }

    @property
    def _challenge(self) -> str:
        return f"{self.hostname}.{name_of('dns', self.hostname)[4:10]}.flydns.net"

    @property
    def _owner(self) -> str:
        return name_of("app", self.app).replace("_", "-")
