"""The terminal of this process: whether SIGHUP means that it was closed."""

from __future__ import annotations

import os
import signal


class Terminal:
    """Made at the start of the process, before its handler of SIGHUP is set."""

    def __init__(self) -> None:
        # With `nohup` the process is to outlive its terminal.
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._matters = not ignored and _open()

    def is_gone(self) -> bool:
        """Whether there was a terminal, and now there is none."""
        return self._matters and not _open()


def _open() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
