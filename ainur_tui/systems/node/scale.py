"""Events out of a block's SCALE bytes, by substrate-interface's codec.

That library is slow to load, works on hostile bytes in plain Python and has no deadline. So it is
loaded where first needed, gets bytes that our own bounded client fetched, and runs in a thread of
its own that nothing waits for longer than its deadline, not even the end of the program.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ainur_tui.model.failure import ProbeFailure
from ainur_tui.model.text import clean

T = TypeVar("T")


@dataclass(frozen=True)
class Emitted:
    """One event of a block; texts as they came, not clean. ``fields`` in order, by name."""

    pallet: str
    name: str
    fields: Sequence[tuple[str, str]]


class Codec:
    """Knows one runtime by its metadata. Blocks: belongs in the thread of :class:`Worker`."""

    def __init__(self, metadata: bytes) -> None:
        from scalecodec.base import RuntimeConfigurationObject, ScaleBytes
        from scalecodec.type_registry import load_type_registry_preset

        self._bytes = ScaleBytes
        self._runtime: Any = RuntimeConfigurationObject(implements_scale_info=True)
        self._runtime.update_type_registry(load_type_registry_preset("core"))
        self._metadata = self._runtime.create_scale_object(
            "MetadataVersioned", ScaleBytes(metadata)
        )
        self._metadata.decode()
        self._runtime.add_portable_registry(self._metadata)
        system = self._metadata.get_metadata_pallet("System")
        self._type = system.get_storage_function("Events").get_value_type_string()

    def events(self, stored: bytes) -> list[Emitted]:
        """The events of a block, from what ``System.Events`` holds."""
        found = self._runtime.create_scale_object(
            self._type, self._bytes(stored), metadata=self._metadata
        )
        return [
            Emitted(str(one["module_id"]), str(one["event_id"]), list(_fields(one["attributes"])))
            for one in found.decode()
        ]


def _fields(attributes: Any) -> list[tuple[str, str]]:
    if attributes is None:
        return []
    if isinstance(attributes, dict):
        return [(str(name), str(value)) for name, value in attributes.items()]
    several = attributes if isinstance(attributes, (list, tuple)) else [attributes]
    return [("", str(value)) for value in several]


class Worker:
    """One thread at a time, left behind where it does not come to an end."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._free = threading.Event()
        self._free.set()

    async def run(self, work: Callable[[], T], deadline: float) -> T:
        """What ``work`` returns. Raises :class:`ProbeFailure` where it fails, takes longer than
        ``deadline`` seconds, or one before it has still not ended."""
        if not self._free.is_set():
            raise ProbeFailure("internal", "the decoder has not come to an end with earlier bytes")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(result)  # type: ignore[arg-type]
            else:
                done.set_exception(error)

        def body() -> None:
            result: T | None = None
            failed: BaseException | None = None
            try:
                result = work()
            except Exception as error:
                words = clean(f"{type(error).__name__}: {error}", 160)
                failed = ProbeFailure("bad answer", f"cannot be decoded: {words}")
            self._free.set()
            try:
                loop.call_soon_threadsafe(settle, result, failed)
            except RuntimeError:
                # The program has ended meanwhile: nobody wants to know.
                return

        self._free.clear()
        self._thread = threading.Thread(target=body, name="node-scale", daemon=True)
        self._thread.start()
        try:
            async with asyncio.timeout(deadline):
                return await done
        except TimeoutError:
            raise ProbeFailure("internal", f"not decoded within {deadline:.0f} s") from None
