"""Certificates of the frontend and the API, from an authority of the miniature's own.

Root, one certificate between, and the one that is served; the faults decide which that is. What is
renewed is a new one, and the next handshake shows it.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ainur_tui.demo import credentials
from ainur_tui.demo.switches import Switches

Key = ec.EllipticCurvePrivateKey
KEY = "ca-key"
HOSTS = {
    "frontend": ("app.ainur.example", "127.0.0.1"), "api": ("api.ainur.example", "127.0.0.1"),
}  # fmt: skip
TURN_EVERY = 0.2
"""Seconds after which a fault of a certificate is seen by who connects, at the latest."""
YEARS = (-1.0, 3650.0)


class Kind(NamedTuple):
    """What is served: valid from and to these days from now, for these hosts in place of its own,
    and whether the one between is sent along."""

    days: tuple[float, float] = (-1, 89)
    hosts: tuple[str, ...] = ()
    chain: bool = True


FAULTS = {
    "certificate-ending": Kind(days=(-86, 4)),
    "certificate-expired": Kind(days=(-92, -2)),
    "certificate-host": Kind(hosts=("shop.ainur.example",)),
    "certificate-chain": Kind(chain=False),
}
"""By the name of a fault, behind that of whose certificate it is."""


class Signer:
    """A certificate that signs others: a root's by itself, or one that ``above`` signed."""

    def __init__(self, title: str, above: Signer | None = None, key: Key | None = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = _named(title)
        self.certificate = (above or self)._sign(self.name, self.key.public_key(), YEARS, ())

    def issue(self, days: tuple[float, float], hosts: tuple[str, ...]) -> str:
        """A certificate for ``hosts``, valid from and to these days from now, then its key: PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        return pem(self._sign(_named(hosts[0]), key.public_key(), days, hosts)) + key_pem(key)

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, days: tuple[float, float],
        hosts: tuple[str, ...],
    ) -> x509.Certificate:  # fmt: skip
        """For ``hosts``, or without any for one that signs others."""
        now, signs = datetime.now(UTC), not hosts
        begins, ends = (now + timedelta(days=each) for each in days)
        usage = x509.KeyUsage(not signs, False, False, False, False, signs, signs, False, False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            x509.CertificateBuilder(self.name, name, key, x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(signs, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(issuer, critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([_host(one) for one in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Served:
    """What ``who`` shows to whoever connects; ``context`` is the server's."""

    def __init__(self, directory: Path, who: str) -> None:
        self._who = who
        self._place = directory / "secrets" / f"{who}-certificate"
        self._switches = Switches(directory)
        self._between = Signer("Ainur Miniature R1", authority(directory))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._kind = self._wanted()
        self._serve()

    async def look(self) -> None:
        """Serve another one where a fault came or went."""
        if (wanted := self._wanted()) != self._kind:
            self._kind = wanted
            self._serve()

    def _wanted(self) -> Kind:
        on = (kind for name, kind in FAULTS.items() if self._switches.on(f"{self._who}-{name}"))
        return next(on, Kind())

    def _serve(self) -> None:
        own = self._between.issue(self._kind.days, self._kind.hosts or HOSTS[self._who])
        between = pem(self._between.certificate) if self._kind.chain else ""
        credentials.write(self._place, own + between)
        self.context.load_cert_chain(self._place)


def pem(certificate: x509.Certificate) -> str:
    """The certificate as it is kept in files."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: Key) -> str:
    """The key as it is kept in files."""
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, none).decode()


def authority(directory: Path) -> Signer:
    """The root of all, with its certificate in its place. Its key is made once and kept: who was
    told to trust it goes on trusting it when a process starts anew."""
    place = directory / "secrets" / KEY
    key = None
    if place.exists():
        found = serialization.load_pem_private_key(place.read_bytes(), None)
        key = found if isinstance(found, Key) else None
    root = Signer("Ainur Miniature Root", key=key)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    credentials.write(place, key_pem(root.key))
    credentials.write(directory / credentials.AUTHORITY, pem(root.certificate))
    return root


def _named(title: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, title)])


def _host(host: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
