"""The frontend's certificate, from an authority of the miniature's own.

Root, one certificate between, and the one that is served; the faults decide which that is. What is
renewed is a new one, and the next handshake shows it.
"""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ainur_tui.demo import credentials
from ainur_tui.demo.layout import AUTHORITY
from ainur_tui.demo.switches import Switches

Key = ec.EllipticCurvePrivateKey
KEY, SERVED = "frontend-ca-key", "frontend-certificate"
HOST, OTHER, ADDRESS = "app.ainur.example", "shop.ainur.example", "127.0.0.1"
LASTS = 90
"""Days, as of those that the usual authorities issue."""


class Kind(NamedTuple):
    """What is served: with so many days left, for this name, with the one between or without."""

    left: float = LASTS - 1
    host: str = HOST
    chain: bool = True


WELL = Kind()
FAULTS = {
    "frontend-certificate-ending": Kind(left=4),
    "frontend-certificate-expired": Kind(left=-2),
    "frontend-certificate-host": Kind(host=OTHER),
    "frontend-certificate-chain": Kind(chain=False),
}


class Signer:
    """A certificate that signs others. The root's is made once and kept, as secrets are: who was
    told to trust it goes on trusting it when the process starts anew."""

    def __init__(self, title: str, above: Signer | None = None, *, key: Key | None = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = _named(title)
        self.certificate = (above or self).sign(self.name, self.key.public_key(), 3650, signs=True)

    @classmethod
    def root(cls, directory: Path) -> Signer:
        """The root of a miniature, with its certificate in its place."""
        place = directory / "secrets" / KEY
        key = None
        if place.exists():
            found = serialization.load_pem_private_key(place.read_bytes(), None)
            key = found if isinstance(found, Key) else None
        signer = cls("Ainur Miniature Root", key=key)
        place.parent.mkdir(mode=0o700, exist_ok=True)
        credentials.write(place, _key(signer.key))
        credentials.write(directory / AUTHORITY, _pem(signer.certificate))
        return signer

    def sign(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, left: float, *,
        signs: bool = False, host: str | None = None,
    ) -> x509.Certificate:  # fmt: skip
        """A certificate that has ``left`` days to go, for ``host`` or to sign others."""
        ends = datetime.now(UTC) + timedelta(days=left)
        begins = min(ends - timedelta(days=LASTS), datetime.now(UTC) - timedelta(days=1))
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
        if host is not None:
            names: list[x509.GeneralName] = [x509.DNSName(host)]
            if host == HOST:
                names.append(x509.IPAddress(ipaddress.ip_address(ADDRESS)))
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Served:
    """What the frontend shows to whoever connects; ``context`` is the server's."""

    def __init__(self, directory: Path) -> None:
        self._place = directory / "secrets" / SERVED
        self._switches = Switches(directory)
        self._between = Signer("Ainur Miniature R1", Signer.root(directory))
        self._kind: Kind | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._serve(self._wanted())

    async def look(self) -> None:
        """Serve another one where a fault came or went."""
        if (wanted := self._wanted()) != self._kind:
            self._serve(wanted)

    def _wanted(self) -> Kind:
        return next((FAULTS[name] for name in FAULTS if self._switches.on(name)), WELL)

    def _serve(self, kind: Kind) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._between.sign(_named(kind.host), key.public_key(), kind.left, host=kind.host)
        chain = [made, *([self._between.certificate] if kind.chain else [])]
        credentials.write(self._place, "".join(map(_pem, chain)) + _key(key))
        self.context.load_cert_chain(self._place)
        self._kind = kind


def _named(title: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, title)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key(key: Key) -> str:
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, none).decode()
