"""An incident from the declaration to the archive, by the command line alone."""

from __future__ import annotations

import tarfile
from typing import Any

from tests.helpers import Miniature, until


def test_from_the_declaration_to_the_archive(demo: Miniature) -> None:
    def ask(*words: str) -> Any:
        return demo.program.json(*words)

    def ended() -> bool:
        entries = ask("incident", "show")["entries"]
        return any(e["kind"] == "action" and ": verified." in e["text"] for e in entries)

    ask("incident", "open", "statistics are old", "--target", "db", "--severity", "P2")
    assert ask("run", "analyze", "db", "--yes")["state"] == "verified"
    until(ended, 30, "the end of the action is on the timeline")
    resolved = ask("incident", "status", "resolved", "analyzed it")["incident"]
    assert resolved["texts"]["resolution"] == "analyzed it"
    document = ask("incident", "postmortem")["postmortem"]
    assert ": Root cause identified (proposed: " in document
    assert ": Fix implemented (" in document
    packed = ask("incident", "capsule")["capsule"]
    with tarfile.open(packed["path"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"timeline.json", "postmortem.md", "journal.jsonl", "board.json"} <= names
    assert ask("incident", "close", "rehearsal over")["incident"]["closed_at"] is not None
