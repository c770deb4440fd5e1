"""
A real browser, driven through a pipe: Chromium and its DevTools protocol, nothing to be installed.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import time

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


# What Chromium says of a script that a page did not outlive.
NAVIGATED = ("Inspected target navigated", "context was destroyed", "default execution context")


class Navigated(Exception):
    """The page went on to another one before a script had answered."""


class Browser:
    """One page of a browser of its own; what it logs, throws and asks for is kept."""

    def __init__(self, profile, *, width=1280, height=900):
        to_child, self._out = os.pipe()
        self._in, from_child = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603
            [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # The protocol is spoken on the descriptors 3 and 4.
            preexec_fn=lambda: (
                os.dup2(to_child, 30),
                os.dup2(from_child, 40),
                os.dup2(30, 3),
                os.dup2(40, 4),
            ),
            pass_fds=(3, 4),
            start_new_session=True,
        )
        os.close(to_child)
        os.close(from_child)
        self._buffer, self._number = b"", 0
        self._session = None
        self.problems, self.asked = [], []
        (page,) = [
            one for one in self._call("Target.getTargets")["targetInfos"] if one["type"] == "page"
        ]
        attached = self._call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Runtime", "Log", "Page", "Network"):
            self._call(f"{domain}.enable")
        self.resize(width, height)

    def resize(self, width, height, *, mobile=False):
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    def scheme(self, name):
        """Prefer ``dark`` or ``light``."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self._call("Emulation.setEmulatedMedia", features=features)

    def open(self, url):
        self._call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def run(self, script):
        """Return what *script*, an expression, is in the page; a promise is waited for."""
        found = self._call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, script, seconds=15):
        """Wait until *script* is true in the page."""
        end = time.monotonic() + seconds
        while not self._holds(script):
            assert time.monotonic() < end, f"not within {seconds} s: {script}"
            time.sleep(0.05)

    def _holds(self, script):
        try:
            return self.run(f"!!({script})")
        except Navigated:
            return False

    def text(self, selector):
        return self.run(f"document.querySelector({json.dumps(selector)})?.innerText")

    def press(self, key, code=None, text=None):
        """Press a key, as ``Tab``, ``Enter`` or ``Escape``."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        known = {"key": key, "code": code or key, "windowsVirtualKeyCode": codes[key]}
        if key == "Enter":
            known["text"] = "\r"
        self._call("Input.dispatchKeyEvent", type="keyDown", **known)
        self._call("Input.dispatchKeyEvent", type="keyUp", **known)

    def type(self, text):
        self._call("Input.insertText", text=text)

    def picture(self, path, *, whole=False):
        found = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def close(self):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def _call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if any(each in str(answer.get("error")) for each in NAVIGATED):
                    raise Navigated(method)
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self._keep(answer)

    def _read(self):
        while b"\0" not in self._buffer:
            chunk = os.read(self._in, 1 << 16)
            assert chunk, "the browser has gone"
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _keep(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(params["exceptionDetails"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.problems.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
