"""What kind of file a log is, told from how it begins."""

from __future__ import annotations

from ainur_tui.systems.bigfile import BigFile
from ainur_tui.systems.foldedfile import FoldedFile
from ainur_tui.systems.journalexport import HEAD, JournalExport


def in_place(file: BigFile) -> FoldedFile | JournalExport:
    """The file's records: entries of a journal's export, or else lines, those of a panic, a
    traceback or a csvlog's row as one."""
    data, count = file.read(0, min(file.size, len(HEAD)))
    return JournalExport(file) if data[:count] == HEAD else FoldedFile(file)
