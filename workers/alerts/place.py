"""How messages name an installation: several may report to one chat."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from workers.config.settings import Settings


def place_of(settings: Settings) -> str:
    """Return the host of ``public_url``, or the name of this machine."""
    return urlsplit(settings.public_url or "").hostname or socket.gethostname()
