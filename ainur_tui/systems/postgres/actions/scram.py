"""What the server keeps of a password, made on our side: the password itself is never sent."""

from __future__ import annotations

import base64
import hashlib
import hmac

from ainur_tui.model.failure import ActionFailure
from ainur_tui.model.secret import Secret

ROUNDS = 4096
_SHORTEST = 12


def verifier(password: Secret, salt: bytes) -> str:
    """The SCRAM-SHA-256 verifier (RFC 5803) as ``pg_authid.rolpassword`` holds it.

    Raises ``ActionFailure`` for a password that is short, or not of printable ASCII: what is
    beyond it would have to be prepared as the client's library does.
    """
    text = password.reveal()
    if len(text) < _SHORTEST or not (text.isascii() and text.isprintable()):
        raise ActionFailure(f"the password must be {_SHORTEST} printable ASCII characters or more")
    salted = hashlib.pbkdf2_hmac("sha256", text.encode(), salt, ROUNDS)
    stored = hashlib.sha256(_keyed(salted, b"Client Key")).digest()
    server = _keyed(salted, b"Server Key")
    return f"{head(salt)}{_text(stored)}:{_text(server)}"


def head(salt: bytes) -> str:
    """How every verifier of this salt begins: it tells which setting of a password this was."""
    return f"SCRAM-SHA-256${ROUNDS}:{_text(salt)}$"


def _keyed(key: bytes, words: bytes) -> bytes:
    return hmac.digest(key, words, "sha256")


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
