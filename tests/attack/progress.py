"""How far an attack is, on a terminal."""

import sys
import time


class Progress:
    """Args: name: of the attack. total: how many there are; 0: nobody knows."""

    def __init__(self, name, total=0):
        self.name, self.total, self.begun, self.shown = name, total, time.monotonic(), 0.0

    def at(self, done, words=""):
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self.shown < 0.5:
            return
        self.shown = now
        of = f" of {self.total:,}" if self.total else ""
        rate = done / max(0.001, now - self.begun)
        sys.stderr.write(f"\r\033[K{self.name}: {done:,}{of}, {rate:.1f}/s {words}")
        sys.stderr.flush()

    def say(self, words):
        """What is not to wait for the end."""
        self.end()
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()

    def end(self):
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
