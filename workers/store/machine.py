"""The name of this machine in the store."""

from __future__ import annotations

import os
import socket


def machine() -> str:
    """Return host name and pid namespace: containers may share either."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def host_of(name: str) -> str:
    """Return the host name in the *name* of a machine."""
    return name.partition(" ")[0]
