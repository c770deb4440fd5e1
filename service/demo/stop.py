"""Stopping the demo early."""

from __future__ import annotations

import signal


class Stop:
    """
    Ctrl-C or SIGTERM, which end the demo in order.

    An exception that is raised while Python runs a destructor is lost, and the signal with it: the
    next `check` raises it once more.
    """

    def __init__(self) -> None:
        self._asked = False

    def listen(self) -> None:
        """Handle the signals; Ctrl-C stays ignored if it was when the demo started."""
        signal.signal(signal.SIGTERM, self.ask)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self.ask)

    def ask(self, *_: object) -> None:
        self._asked = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal has come."""
        if self._asked:
            raise KeyboardInterrupt
