"""Raw bytes to a running Instep, and what comes back."""

import contextlib
import hashlib
import hmac
import json
import socket
import time
from types import SimpleNamespace

from tests.support.real_processes import Instep

NOWHERE = SimpleNamespace(url="http://127.0.0.1:1")  # the CMS is away
SECRET = b"erp-secret"
PATIENCE = 30.0  # s; a busy machine answers late, a held thread never
CONFIGURATION = """
mappings = ["mappings.py"]

[destinations.site]
token = "a-token"
base_url = "http://127.0.0.1:1"

[collections.products]
destination = "site"
id = "65f000000000000000000001"
key = "sku"

[sources.erp]
sender = "hmac"
secrets = ["erp-secret"]
header = "X-Signature"
id = "id"

[sources.bearer]
sender = "bearer"
secrets = ["sesame"]
id = "id"

[sources.basic]
sender = "basic"
secrets = ["user:word"]
id = "header:X-Id"

[sources.header]
sender = "header"
secrets = ["sesame"]
header = "X-Key"
id = "header:X-Id"

[sources.query]
sender = "query"
secrets = ["sesame"]
parameter = "key"
id = "header:X-Id"

[sources.form]
sender = "body-token"
secrets = ["sesame"]
field = "token"
id = "id"
"""
MAPPINGS = """
from marshmallow import fields
from service.mapping import Mapping

""" + "\n".join(
    f"""
class {name.title()}(Mapping):
    class Meta:
        source = "{name}"
        collection = "products"
        key = "sku"

    {name}_stock = fields.Integer(data_key="qty")
"""
    for name in ("erp", "bearer", "basic", "header", "query", "form")
)


def start(folder):
    """Start it; returns the installation and its process."""
    instep = Instep(folder, NOWHERE, configuration=CONFIGURATION, mappings=MAPPINGS)
    return instep, instep.up()


def connect(address):
    return socket.create_connection(address, PATIENCE)


def talk(address, *parts, half_close=False):
    """Send *parts* on one connection; return the status, 0 for none, and the body."""
    with connect(address) as wire:
        # It may be closed to us while we send, and the answer is there all the same.
        with contextlib.suppress(OSError):
            for part in parts:
                wire.sendall(part)
            if half_close:
                wire.shutdown(socket.SHUT_WR)
        return answer(wire)


def answer(wire):
    """Return what *wire* answers until it is closed: the status, 0 for none, and the body."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while more := wire.recv(65_536):
            got += more
    head, _, body = got.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), body


def signature(body):
    return b"X-Signature: " + hmac.new(SECRET, body, hashlib.sha256).hexdigest().encode()


def head(target, *lines, method=b"POST"):
    return b"\r\n".join(
        [method + b" " + target + b" HTTP/1.1", b"Host: x", b"Connection: close", *lines, b"", b""]
    )


def event(name, **more):
    return json.dumps({"id": name, "sku": "P-1", "qty": 5, **more}).encode()


def delivery(body, *lines, target=b"/webhooks/erp"):
    """Return a signed delivery, whole."""
    return head(target, signature(body), b"Content-Length: %d" % len(body), *lines) + body


def eventually(look, within=PATIENCE):
    """Poll *look* until it is true, and return what it returns."""
    ends = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)
    return found
