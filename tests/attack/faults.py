"""The kinds of network fault, by name: see `proxy.Exchange`."""

import contextlib
import socket
import time

from tests.attack.proxy import HEAD_END

KINDS = {}
SLOW = set()  # those that the client waits out


def kind(name, *, slow=False):
    def keep(function):
        KINDS[name] = function
        if slow:
            SLOW.add(name)
        return function

    return keep


def _parts(answer):
    head, _, body = answer.partition(HEAD_END)
    return head + HEAD_END, body


def _said(body, *lines, status=b"200 OK"):
    head = [b"HTTP/1.1 " + status, b"Content-Type: application/json", *lines]
    return b"\r\n".join(head) + HEAD_END + body


def _sized(body, **more):
    return _said(body, b"Content-Length: %d" % len(body), **more)


# before the CMS has the whole request ---------------------------------------------------------

for words, most in (("no byte", 0), ("one byte", 1), ("half", -2), ("all but a byte", -1)):
    for end in ("close", "reset"):

        def cut_request(exchange, most=most, end=end):
            size = {-2: exchange.length // 2, -1: exchange.length - 1}.get(most, most)
            with contextlib.suppress(OSError):
                if size:
                    exchange.read(size)
            getattr(exchange, end)()

        KINDS[f"request cut after {words} of its body, {end}"] = cut_request


@kind("read whole and never carried, close")
def swallowed(exchange):
    exchange.read()
    exchange.close()


@kind("carried after the client was cut off")
def carried_later(exchange):
    exchange.read()
    exchange.close()
    # Right before the next: by a timer it would land a minute late, of the time that is simulated.
    exchange.proxy.late.append(exchange.head + exchange.body)


# after it -------------------------------------------------------------------------------------

CUTS = (
    "no byte", "one byte", "the status line", "half the head", "the head", "half the body",
    "all but a byte",
)  # fmt: skip
for words in CUTS:
    for end in ("close", "reset"):

        def cut_answer(exchange, words=words, end=end):
            answer = exchange.ask()
            head, body = _parts(answer)
            exchange.send(answer[: _size(words, head, body)])
            getattr(exchange, end)()

        KINDS[f"answer cut after {words}, {end}"] = cut_answer


def _size(words, head, body):
    return {
        "no byte": 0,
        "one byte": 1,
        "the status line": head.index(b"\r\n") + 2,
        "half the head": len(head) // 2,
        "the head": len(head),
        "half the body": len(head) + len(body) // 2,
        "all but a byte": len(head) + len(body) - 1,
    }[words]


def _answered(name, make, *, slow=False):
    """The CMS does it, and something else is answered: ``make(head, body)``."""

    def answered(exchange):
        exchange.send(make(*_parts(exchange.ask())))
        exchange.close()

    KINDS[name] = answered
    if slow:
        SLOW.add(name)


_answered("garbage", lambda _head, _body: bytes(range(256)) * 4)
_answered("garbage before the answer", lambda head, body: b"\0\0\r\n" + head + body)
_answered("a page of HTML", lambda _head, _body: _sized(b"<html>maintenance</html>"))
_answered("an answer without a head", lambda _head, body: body)
_answered("a status of no number", lambda head, body: b"HTTP/1.1 OK 200" + head[12:] + body)
_answered("a length too large", lambda _head, body: _said(body, b"Content-Length: 99999"))
_answered("a length too small", lambda _head, body: _said(body, b"Content-Length: 9"))
_answered("a length below zero", lambda _head, body: _said(body, b"Content-Length: -5"))
_answered("a length of no number", lambda _head, body: _said(body, b"Content-Length: many"))
_answered("no length", lambda _head, body: _said(body))
_answered("chunks that are cut", lambda _head, body: _said(
    b"%x\r\n%b" % (len(body), body[: len(body) // 2]), b"Transfer-Encoding: chunked"
))  # fmt: skip
_answered("a chunk of no size", lambda _head, body: _said(
    b"zz\r\n%b\r\n0\r\n\r\n" % body, b"Transfer-Encoding: chunked"
))  # fmt: skip
_answered(
    "JSON that is cut, of the right length", lambda _head, body: _sized(body[: len(body) // 2])
)
_answered("an empty body", lambda _head, _body: _sized(b""))
_answered("null", lambda _head, _body: _sized(b"null"))
_answered("an empty object", lambda _head, _body: _sized(b"{}"))
_answered("no items", lambda _head, _body: _sized(b'{"items":[]}'))
_answered("said to be gzip", lambda _head, body: _said(
    body, b"Content-Encoding: gzip", b"Content-Length: %d" % len(body)
))  # fmt: skip
_answered("204 without a body", lambda _head, _body: _said(b"", status=b"204 No Content"))
_answered("a head of a megabyte", lambda _head, body: _said(body, b"X: " + b"x" * 2**20))
_answered("500 though it was done", lambda _head, _body: _sized(b"{}", status=b"500 Oops"))
_answered("502 though it was done", lambda _head, _body: _sized(b"bad", status=b"502 Bad Gateway"))
_answered("504 though it was done", lambda _head, _body: _sized(b"late", status=b"504 Timeout"))
_answered("429 though it was done", lambda _head, _body: _sized(b"{}", status=b"429 Too Many"))


def _prefixed(name, before):
    """The right answer behind something else, on a connection that is kept."""

    def prefixed(exchange):
        exchange.send(before + exchange.ask())

    KINDS[name] = prefixed


_prefixed("100 Continue before it", b"HTTP/1.1 100 Continue\r\n\r\n")
_prefixed("103 Early Hints before it", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
_prefixed("102 Processing thirty times", b"HTTP/1.1 102 Processing\r\n\r\n" * 30)


@kind("the answer twice, on a connection that is kept")
def twice(exchange):
    answer = exchange.ask()
    exchange.send(answer + answer)


@kind("the answer of the request before, then its own")
def stale(exchange):
    answer = exchange.ask()
    exchange.send((exchange.proxy.before or answer) + answer)


@kind("the answer of the request before instead of its own")
def other(exchange):
    answer = exchange.ask()
    exchange.send(exchange.proxy.before or answer)


@kind("dripped, a byte at a time")
def dripped(exchange):
    exchange.drip(exchange.ask(), 0.001)


@kind("half closed before the answer")
def half_closed(exchange):
    exchange.ask()
    exchange.client.shutdown(socket.SHUT_WR)
    time.sleep(0.05)
    exchange.close()


@kind("never read", slow=True)
def never_read(exchange):
    time.sleep(15.0)
    exchange.close()


@kind("read and never answered", slow=True)
def never_answered(exchange):
    exchange.read()
    exchange.stall()


@kind("done and never answered", slow=True)
def done_unanswered(exchange):
    exchange.ask()
    exchange.stall()


@kind("the head, and then nothing", slow=True)
def head_alone(exchange):
    head, _ = _parts(exchange.ask())
    exchange.send(head)
    exchange.stall()


@kind("dripped for longer than the client waits", slow=True)
def dripped_long(exchange):
    with contextlib.suppress(OSError):
        exchange.drip(exchange.ask(), 0.2)
    exchange.close()


@kind("1xx without an end", slow=True)
def endless(exchange):
    exchange.read()
    with contextlib.suppress(OSError):
        for _ in range(200):
            exchange.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            time.sleep(0.1)
    exchange.close()
