"""Evidence that was frozen stands in the journal: later it can be shown that nobody changed it."""

from __future__ import annotations

import msgspec

from ainur_tui.engine.journal import Journal, JournalUnwritable
from ainur_tui.engine.wire.peer import Peer
from ainur_tui.model.failure import CANNOT_CREATE, Refused
from ainur_tui.model.logevidence import LogEvidence

ACTION = "log-evidence"


async def note(journal: Journal, evidence: LogEvidence, peer: Peer) -> None:
    """Write who froze what, with its hash; raises :class:`Refused` (73)."""
    try:
        await journal.append(
            "note", evidence.sha256[:16], operator=peer.operator, tty=peer.tty, action=ACTION,
            target="logs", state="frozen", detail=msgspec.to_builtins(evidence),
        )  # fmt: skip
    except JournalUnwritable as error:
        raise Refused(str(error), CANNOT_CREATE) from None
