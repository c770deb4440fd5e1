"""This machine, as others read of it in the store."""

from __future__ import annotations

import os
import socket


def machine() -> str:
    """Return a name for the host and its namespace of pids: containers may share either."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()
