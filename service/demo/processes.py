"""The processes of the demo: a stand-in site, and Instep as `instep up` runs it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from workers.embedded import pdeathsig
from workers.errors import ProcessorError

START = 40.0  # s for a process to start; seconds on a slow machine
STOP = 25.0  # s for it to end before it is killed
_LOOK = 0.05  # s


class DemoProcessError(ProcessorError):
    """A process of the demo did not start, or ended on its own."""


class DemoProcess:
    """
    One command of ``instep`` as a process. Start it in the main thread: it ends with that.

    Args:
        word: Printed before its address once it is ready.
        folder: For its output and its log.
    """

    def __init__(
        self, word: str, folder: Path, environ: Mapping[str, str] | None, *arguments: str
    ) -> None:
        self.name = arguments[0]
        self.log = folder / f"{self.name}.log"
        self._output = folder / f"{self.name}.out"
        self._word = word
        with self.log.open("wb") as log, self._output.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603  # our own argv
                pdeathsig.module("service", *arguments),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env=None if environ is None else dict(environ),
                start_new_session=True,  # Ctrl-C is for the demo, which stops it in order
            )

    def url(self) -> str:
        """
        Wait until it is ready; return its address, ``http://host:port``.

        Raises:
            DemoProcessError: it ended, or took too long; the message ends with its last output.
        """
        ends = time.monotonic() + START
        while time.monotonic() < ends and self.process.poll() is None:
            line = self._output.read_text("utf-8").partition("\n")[0]
            if line.startswith(self._word):
                return line.removeprefix(self._word).strip()
            time.sleep(_LOOK)
        last = "\n  ".join(self.log.read_text("utf-8", "replace").splitlines()[-5:])
        raise DemoProcessError(f"instep {self.name} did not start; {self.log} ends with:\n  {last}")

    def check(self) -> None:
        """Raise DemoProcessError if it has ended."""
        if self.process.poll() is not None:
            status = self.process.returncode
            raise DemoProcessError(f"instep {self.name} ended with status {status}; see {self.log}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class SandboxSite:
    """The stand-in site, through its control API: none of its calls counts as one of the CMS."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy leads to this machine

    def ask(self, method: str, path: str, order: Any = None) -> dict[str, Any]:
        """Return the answer of the control API; raises OSError without one."""
        url = f"{self._url}/_sandbox{path}"
        answer = self._session.request(method, url, json=order, timeout=10.0)
        found: dict[str, Any] = answer.json()
        if not answer.ok:
            raise OSError(f"the sandbox: {method} {path}: {found}")
        return found

    def items(self) -> dict[str, dict[str, Any]]:
        """Return the field data of each live item, by sku."""
        shown = (item["live"] or item["staged"] for item in self.ask("GET", "/items")["items"])
        return {copy["fieldData"]["sku"]: copy["fieldData"] for copy in shown}

    def calls(self) -> dict[str, Any]:
        return self.ask("GET", "/calls")

    def budget(self) -> dict[str, Any]:
        """Return ``{limit, used}`` of the current window."""
        return self.ask("POST", "/budget", {})

    def refuse(self, **order: Any) -> None:
        """Arm *order*, a fault of the sandbox."""
        self.ask("POST", "/faults", order)
