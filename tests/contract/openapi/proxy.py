"""
Calls every operation of the sandbox on sites, collections, items and webhooks by `prism proxy`.

    python -m tests.contract.openapi.proxy

The proxy compares requests and answers with Webflow's description, and says in ``sl-violations``
what is not as described. Only the false alarms of ``alarms.py`` may occur, and each of them has to.
Exits with 1 otherwise.
"""

# ruff: noqa: T201

import contextlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.benchmarks import rig as rigs
from tests.contract.openapi.alarms import FALSE_ALARMS, OF_ERRORS
from tests.contract.openapi.calls import EVERY, IN_SITE, filled
from tests.contract.openapi.description import PLACE, load, operations

PRISM = Path(__file__).parents[1] / "npm/node_modules/.bin/prism"
PATIENCE = 60  # s for the proxy to read the description


class Run:
    """Calls through the proxy at *url*, and what is wrong so far."""

    def __init__(self, url, control, described):
        self._url, self._control = url, control
        self._described = described
        self._session = requests.Session()
        self._session.trust_env = False
        self._kept = {}
        self.wrong = []
        self.failed = 0  # calls
        self.alarms = dict.fromkeys(FALSE_ALARMS + OF_ERRORS, 0)

    def look_around(self):
        """Keep the ids of the site's locales."""
        answer = self._send("GET", f"/sites/{IN_SITE['site_id']}")
        locales = answer.json().get("locales") or {"primary": {}}
        found = [locales["primary"], *locales.get("secondary", ())]
        self._kept["locales"] = [one.get("cmsLocaleId") for one in found]

    def make(self, call):
        """Make a call, and note what is wrong with it."""
        before = len(self.wrong)
        self._make(call)
        self.failed += len(self.wrong) > before

    def _make(self, call):
        operation = self._described[call.operation]
        if call.fault is not None:
            order = {"fault": "status", "status": call.fault}
            requests.post(f"{self._control}/faults", json=order, timeout=30).raise_for_status()
        try:
            path = operation.path.format(**filled(call.ids, self._kept))
            body = filled(call.body, self._kept)
        except KeyError as name:
            self.wrong.append(f"{call.operation}: {name} is missing from the calls before")
            return
        answer = self._send(operation.method, path, body, call)
        if answer.status_code != call.status:
            self._note(call, f"status {answer.status_code}: {answer.text[:200]}")
        elif call.keep is not None:
            name, keys = call.keep
            self._kept[name] = _at(answer.json(), keys)
        for one in json.loads(answer.headers.get("sl-violations", "[]")):
            self._judge(call, one)

    def _send(self, method, path, body=None, call=None):
        token = rigs.TOKEN if call is None or call.token else "another"
        return self._session.request(
            method,
            self._url + path,
            params=call.query if call else None,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    def _judge(self, call, violation):
        location, code = ".".join(map(str, violation["location"])), violation["code"]
        for alarm in OF_ERRORS if call.status >= 400 else FALSE_ALARMS:
            if alarm.fits(call.operation, location, code):
                self.alarms[alarm] += 1
                return
        self._note(call, f"{location}: {violation['message']} ({code})")

    def _note(self, call, text):
        self.wrong.append(f"{call.operation}, {call.status} expected: {text}")


def _at(data, keys):
    for key in keys:
        data = data[key]
    return data


@contextlib.contextmanager
def prism(upstream, place):
    """Run the proxy before *upstream*; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(PRISM), "proxy", "-h", "127.0.0.1", "-p", str(port), "-m", "false"]
    log = place / "prism.log"
    with log.open("wb") as out:
        child = subprocess.Popen(  # noqa: S603  # our own argv
            [*command, str(PLACE), upstream], stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        _await(port, child, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(10)


def _await(port, child, log):
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit(f"prism has not started:\n{log.read_text()[-2000:]}")


def calls_made(described):
    """Make every call; return the run."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(rigs.folder())
        url = stack.enter_context(rigs.sandbox(place, limit=1_000_000))
        run = Run(stack.enter_context(prism(f"{url}/v2", place)), f"{url}/_sandbox", described)
        run.look_around()
        for call in EVERY:
            run.make(call)
    return run


def main():
    if not PRISM.exists():
        raise SystemExit(f"{PRISM} is missing: `npm ci` in {PRISM.parents[2]} installs it")
    described = operations(load())
    run = calls_made(described)
    untouched = described.keys() - {call.operation for call in EVERY}
    wrong = run.wrong + [f"{id}: no call touches it" for id in sorted(untouched)]
    for alarm, times in run.alarms.items():
        print(f"false alarm, {times:3} times: {alarm.text}")
        if not times:
            wrong.append(f"a false alarm that no longer occurs: {alarm.text}")
    for one in wrong:
        print(f"WRONG {one}")
    print(f"{len(EVERY)} calls to all of {len(described)} operations through the proxy")
    failed = run.failed + len(wrong) - len(run.wrong)
    print(f"{len(EVERY) - run.failed} passed, {failed} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
