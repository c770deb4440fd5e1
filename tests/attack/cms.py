"""
The CMS of an attack: the sandbox, called in this process, behind a network that can be broken.

What a request meets is armed before it. A request that is lost on its way may land late, up to a
minute after it was sent.
"""

import io
import json
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import urlencode

from service.sandbox.app import create_sandbox
from service.sandbox.site.site import Site
from tests.attack.holdings import Holdings
from workers.errors import DestinationError
from workers.fields.json_values import dumps
from workers.webflow.client import Client
from workers.webflow.item_answers import read

TIMEOUT = 14.0  # s after which the client gives up
LATEST = 55.0  # s after which nothing lands any more
NEVER_ANSWERED = ("lost", "never", "refused", "late")
# What a request may meet; those that change nothing for good, but for "drops".
FATES = (*NEVER_ANSWERED, "500", "502", "503", "429", "garbage", "drops")


@dataclass
class Aloft:
    """A request that was sent, and has not landed."""

    at: float
    call: tuple


class Line(Client):
    """The client of the CMS; instead of a socket it has *carry*."""

    def __init__(self, destination, carry):
        super().__init__(destination)
        self._carry = carry

    def close(self):
        """It serves all processes of a world, one after the other."""

    def _ask(self, method, url, query, body, *, seconds, not_after):
        data = None if body is None else dumps(body).encode()
        return self._carry(method, self._root + url, query, data)


class Cms(Holdings):
    """Args: clock: has ``t``, in seconds; it goes on while a request is under way."""

    def __init__(self, clock):
        self.clock = clock
        self.site = Site(token="t", requests_per_minute=600, now=lambda: clock.t)
        self.app = create_sandbox(self.site)
        self.reset()

    def reset(self, items=3, tags=("en", "de")):
        """Empty it, but for some published items in each collection."""
        self.fill(items, tags)
        self.aloft, self.armed, self.requests, self.point = [], [], 0, lambda _: None
        self.before, self.after = [], []

    def meanwhile(self, act, *, after):
        """Call *act* while the next write is under way, before or after the CMS does it."""
        (self.after if after else self.before).append(act)

    def arm(self, fate):
        """The next write meets *fate*."""
        self.armed.append(fate)

    # time

    def tick(self):
        """Let what is due land."""
        due = sorted((one for one in self.aloft if one.at <= self.clock.t), key=lambda one: one.at)
        for one in due:
            self.aloft.remove(one)
            self._answer(*one.call)

    def end_flights(self, *, land):
        """What was sent and has not landed lands now, or never."""
        held, self.aloft = self.aloft, []
        for one in held if land else ():
            self._answer(*one.call)

    # requests

    def carry(self, method, path, query, data):
        """Carry one request; returns an Answer, or raises as the client does."""
        self.point("before a request")
        self.requests += 1
        self.tick()
        self.clock.go(0.1)
        if method == "GET":
            answer = self._answer(method, path, query, data)
        else:
            _call_one(self.before)
            fate = self.armed.pop(0) if self.armed else "ok"
            try:
                answer = self._meet(fate, (method, path, query, data))
            finally:
                _call_one(self.after)
        self.point("after a request")
        return answer

    def _meet(self, fate, call):
        if fate in NEVER_ANSWERED:
            self._lose(fate, call)
        if fate in ("500", "503", "429"):
            return read(int(fate), {"retry-after": "5"}, b"{}")
        answer = self._answer(*(_without_one(call) if fate == "drops" else call))
        if fate == "garbage":
            raise DestinationError("answered 200 with something that is not JSON", sent=True)
        return read(502, {}, b"bad gateway") if fate == "502" else answer

    def _lose(self, fate, call):
        if fate == "refused":
            raise DestinationError("connection refused", sent=False)
        if fate == "late":
            self.aloft.append(Aloft(self.clock.t + LATEST - 1, call))
        if fate == "lost":
            self._answer(*call)
        self.clock.go(TIMEOUT)
        raise DestinationError("no whole answer", sent=True)

    def _answer(self, method, path, query, data):
        told = []
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.removeprefix("http://cms.invalid"),
            "QUERY_STRING": urlencode(query),
            "CONTENT_LENGTH": str(len(data or b"")),
            "CONTENT_TYPE": "application/json",
            "SERVER_NAME": "cms",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "cms",
            "HTTP_AUTHORIZATION": "Bearer t",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(data or b""),
            "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        said = self.app(environ, lambda status, headers, _=None: told.extend((status, headers)))
        body = b"".join(said)
        lower = {name.lower(): value for name, value in told[1]}
        lower["date"] = formatdate(self.clock.t, usegmt=True)  # as every server says it
        return read(int(told[0][:3]), lower, body)


def _call_one(acts):
    if acts:
        acts.pop(0)()


def _without_one(call):
    """The same PATCH without one field, as if the CMS dropped it."""
    method, path, query, data = call
    document = json.loads(data) if data and method == "PATCH" else {}
    for entry in document.get("items", [document])[:1]:
        fields = entry.get("fieldData", entry.get("fields", {}))
        if len(fields) > 1:
            fields.pop(max(fields))
    return (method, path, query, json.dumps(document).encode() if document else data)
