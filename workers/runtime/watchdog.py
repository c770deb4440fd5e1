"""
Tells systemd that this process works, where its unit asks for that (``WatchdogSec=``).

A supervisor that is stopped or stuck cannot mend itself: its children go on with what they have,
and nobody wakes what is due. With ``WatchdogSec=30`` systemd ends it, and ``Restart=always`` starts
it anew; children die with it.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

_EVERY = 1.0  # s


class Watchdog:
    """Of this process."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._due = float("-inf")

    def pat(self) -> None:
        """Say that this process works, once a second; nothing where nobody asks."""
        if not self._address or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _EVERY
        # "@": a name that is no file.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
        ):
            notify.setblocking(False)
            notify.sendto(b"WATCHDOG=1", address)
