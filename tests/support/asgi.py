"""A request as granian hands it to the front, and what the front makes of it."""

import asyncio
from dataclasses import dataclass, field

from service.web.front import Front
from service.web.upload import Uploads

PATIENCE = 30.0  # s; nothing here takes long
NEVER = "never"  # nothing more comes on this connection
CUT = {"type": "http.disconnect"}
REQUEST = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "server": ("127.0.0.1", "8000"),
    "client": ("127.0.0.1", "50000"),
    "query_string": b"",
    "headers": [],
}


def piece(body, more=True):
    return {"type": "http.request", "body": body, "more_body": more}


END = piece(b"", more=False)


def length(body):
    return (b"content-length", b"%d" % (body if isinstance(body, int) else len(body)))


CHUNKED = (b"transfer-encoding", b"chunked")


@dataclass
class Wire:
    """
    One connection.

    Args:
        messages: What comes on it, in order.
    """

    messages: list
    asked: int = 0
    sent: list = field(default_factory=list)

    async def receive(self):
        self.asked += 1
        message = self.messages.pop(0)
        if message == NEVER:
            await asyncio.get_running_loop().create_future()
        if isinstance(message, asyncio.Event):
            await message.wait()
            return await self.receive()
        await asyncio.sleep(0)
        return message

    async def send(self, message):
        self.sent.append(message)

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def body(self):
        return self.sent[1]["body"]

    @property
    def headers(self):
        return dict(self.sent[0]["headers"])


class Door:
    """
    A front over an application that keeps what it is asked.

    Args:
        limit: Bytes that a body may have.
    """

    def __init__(self, limit=1_000, answer=None, **uploads):
        self.asked, self.refused = [], []
        self._answer = answer or (lambda _: b"taken")
        self.front = Front(self._application, lambda _: limit, self._report, Uploads(**uploads))

    def _application(self, environ, start):
        body = environ["wsgi.input"].read()
        self.asked.append((environ, body))
        answer = self._answer(body)
        start("200 OK", [("Content-Length", str(len(answer)))])
        return [answer]

    def _report(self, path, reason, status):
        self.refused.append((path, reason, status))

    async def call(self, wire, path=b"/webhooks/erp", headers=(), **scope):
        scope = REQUEST | {"raw_path": path, "headers": list(headers)} | scope
        async with asyncio.timeout(PATIENCE):
            await self.front(scope, wire.receive, wire.send)
        return wire

    def take(self, *messages, **request):
        """Return the wire of one request, answered."""
        return asyncio.run(self.call(Wire(list(messages)), **request))
