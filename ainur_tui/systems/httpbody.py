"""Reading a body without being filled up: byte cap, decompressed cap, ratio cap (S-30)."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.units import size

BYTES = 8 * 1024 * 1024
"""Most bytes taken off the wire."""
EXPANDED = 16 * 1024 * 1024
"""Most bytes after decompression."""
RATIO = 100
"""Most that compression may gain, once an answer is larger than :data:`RATIO_FROM`."""
RATIO_FROM = 1024 * 1024
_SLICE = 256 * 1024


async def read_body(
    chunks: AsyncIterator[bytes],
    encoding: str,
    *,
    announced: int | None = None,
    limit: int = BYTES,
    received: Callable[[int], None] = lambda _: None,
) -> bytes:
    """The body, decompressed. ``announced`` is the Content-Length, where there is one.

    Raises :class:`ProbeFailure` ``too large`` naming the size seen, or ``bad answer`` for an
    encoding that was not asked for or a compressed stream that is broken.
    """
    if announced is not None and announced > limit:
        raise ProbeFailure("too large", f"{size(announced)} announced, {size(limit)} accepted")
    match encoding:
        case "" | "identity":
            unpack = None
        case "gzip" | "x-gzip":
            unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
        case _:
            raise ProbeFailure("bad answer", "it is compressed in a way that was not asked for")
    taken = 0
    body = bytearray()
    async for chunk in chunks:
        taken += len(chunk)
        received(taken)
        if taken > limit:
            raise ProbeFailure("too large", f"{size(taken)} came, {size(limit)} accepted")
        if unpack is None:
            body += chunk
        else:
            _expand(unpack, chunk, body, taken)
    if unpack is not None and taken and not unpack.eof:
        raise ProbeFailure("bad answer", f"compressed data broken off after {size(taken)}")
    return bytes(body)


def _expand(unpack: zlib._Decompress, chunk: bytes, body: bytearray, taken: int) -> None:
    rest = chunk
    while rest:
        try:
            body += unpack.decompress(rest, _SLICE)
        except zlib.error:
            raise ProbeFailure("bad answer", "its compressed data is broken") from None
        if len(body) > EXPANDED:
            raise ProbeFailure("too large", f"{size(taken)} expand to over {size(EXPANDED)}")
        if len(body) > RATIO_FROM and len(body) > RATIO * taken:
            raise ProbeFailure("too large", f"{size(taken)} expand more than {RATIO} times")
        rest = unpack.unconsumed_tail
