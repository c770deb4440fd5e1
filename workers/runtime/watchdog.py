"""
Notifies systemd that this process works, if its unit sets ``WatchdogSec=``.

A stopped or stuck supervisor cannot recover: its children go on, but due work is not woken. With
``WatchdogSec=30`` and ``Restart=always`` systemd restarts it; the children die with it.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

_EVERY = 1.0  # s


class Watchdog:
    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._due = float("-inf")

    def pat(self) -> None:
        """Notify systemd, once a second at most, if it asked for that."""
        if not self._address or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _EVERY
        # "@": an abstract socket.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
        ):
            notify.setblocking(False)
            notify.sendto(b"WATCHDOG=1", address)
