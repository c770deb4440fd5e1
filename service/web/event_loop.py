"""The event loop of a web process, which is woken once for all calls that wait for it."""

from __future__ import annotations

import asyncio

from granian import loops


class Loop(asyncio.SelectorEventLoop):
    """
    A loop to which other threads send a byte only if none is under way.

    asyncio sends one for each call: two a delivery, and each lets another thread have the
    interpreter.
    """

    _woken = False

    def _write_to_self(self) -> None:
        # The call stands in the queue by now, and the loop looks there once it has read the byte.
        if not self._woken:
            self._woken = True
            super()._write_to_self()  # type: ignore[misc]

    def _read_from_self(self) -> None:
        super()._read_from_self()  # type: ignore[misc]
        # Not before: the byte of a call in between would be read as well, and none be sent again.
        self._woken = False


def register() -> None:
    """Let granian run its processes on such a loop."""
    loops.register("asyncio")(_build)


def _build() -> Loop:
    loop = Loop()
    asyncio.set_event_loop(loop)
    return loop
