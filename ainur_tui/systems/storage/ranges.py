"""A large object read in ranges, the next on its way while one is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.secret import Redactor
from ainur_tui.model.text import clean
from ainur_tui.systems.storage.errors import failure

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

_RANGE = 8 << 20
_PIECE = 1 << 20


@dataclass(frozen=True)
class Ranges:
    """One object of ``size`` bytes; ``tag`` says which, where the store has tags.

    One request for all of it would outlive its deadline when a restore takes it slowly; a range
    that fails is asked for again by the client library.
    """

    store: S3Store
    key: str
    size: int
    tag: str
    where: str
    redact: Redactor

    async def pieces(self) -> AsyncIterator[bytes]:
        """The object's bytes in order. Raises ``ProbeFailure``."""
        coming = asyncio.ensure_future(self._range(0))
        try:
            for following in range(_RANGE, self.size + _RANGE, _RANGE):
                data = await coming
                coming = asyncio.ensure_future(self._range(following))
                for start in range(0, len(data), _PIECE):
                    yield data[start : start + _PIECE]
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _range(self, begin: int) -> bytes:
        import obstore

        end = min(begin + _RANGE, self.size)
        if begin >= end:
            return b""
        options: GetOptions = {"range": (begin, end)}
        if self.tag:
            options["if_match"] = self.tag
        try:
            answer = await obstore.get_async(self.store, self.key, options=options)
            data = bytes(await answer.bytes_async())
        except Exception as error:
            raise failure(error, self.where, self.redact) from None
        if len(data) != end - begin:
            raise ProbeFailure("bad answer", f"{self.where}: {clean(self.key)} came short")
        return data
