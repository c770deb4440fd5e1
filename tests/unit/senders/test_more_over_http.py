"""The vectors of tests/vectors/more, as bytes to the server that Instep runs on, and a store."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from service.senders.configured_sender import Request
from tests.support.clocked import CLOCK
from tests.support.more_vectors import MORE
from tests.support.stored_items import field_of
from workers.model.versions import BEFORE

ROOT = Path(__file__).parents[3]
SITE = """
mappings = ["mappings.py"]
[store]
durability = "unverified"
[destinations.site]
token = "t"
base_url = "http://127.0.0.1:9"
"""
SOURCE = """
[collections.{name}]
destination = "site"
id = "{id:024x}"
[sources.{name}]
"""
IMPORTS = "from marshmallow import fields\nfrom service.mapping import Mapping\n"
# One item for each source: its newest version is that of the newest event.
MAPPING = """
class M{name}(Mapping):
    class Meta:
        source = "{name}"
        collection = "{name}"
        item = "to_string(`1`)"
    value = fields.String(data_key="to_string(@)")
"""
LATE = "t9"  # stands for the version of a change without one: the time of its arrival


def toml(value):
    """Return *value* as TOML has it, written by JSON's rules."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(value[key])}" for key in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def sources():
    """Return a name for each way in which a vector's source is configured."""
    names = {}
    for vector in MORE:
        names.setdefault(way(vector), f"s{len(names)}")
    return names


def way(vector):
    options = {"sender": vector.sender} | vector.config
    return json.dumps(options | ({"secrets": vector.secrets} if vector.secrets else {}))


def written(folder, names):
    text, mappings = SITE, IMPORTS
    for number, (options, name) in enumerate(names.items()):
        text += SOURCE.format(name=name, id=number)
        text += "".join(f"{key} = {toml(value)}\n" for key, value in json.loads(options).items())
        mappings += MAPPING.format(name=name)
    (folder / "instep.toml").write_text(text, encoding="utf-8")
    (folder / "mappings.py").write_text(mappings)
    return folder / "instep.toml"


@pytest.fixture(scope="module")
def server(tmp_path_factory, store_socket):
    """The port of a running server, over an empty store."""
    folder = tmp_path_factory.mktemp("more")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {"REDIS_URL": f"unix://{store_socket}", "PYTHONPATH": str(ROOT)}
    environ["INSTEP_CONFIG"] = str(written(folder, sources()))
    with redis.Redis(unix_socket_path=store_socket) as client:
        client.flushall()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "tests.support.clocked", str(port)],
            env=environ,
            stdout=log,
            stderr=log,
        )
    try:
        await_port(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait(20)


def await_port(port, process, log):
    ends = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.05)


def send(port, vector, name):
    """Send *vector* as it stands, byte by byte; returns the status and the body."""
    token = vector.config.get("path_token")
    right = f"/{token}" if token else ""
    path = f"/webhooks/{name}{'/wrong' if vector.status == 404 else right}"
    names = {name.lower() for name, _ in vector.sent}
    head = [f"POST {path}?{vector.query} HTTP/1.1".encode()]
    head += [] if "host" in names else [b"Host: hooks.example.com"]
    head += [header.encode() + b": " + value for header, value in vector.sent]
    head += [f"{CLOCK}: {vector.received_at}".encode(), b"Connection: close"]
    head += [b"Content-Length: %d" % len(vector.body), b"", vector.body]
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(b"\r\n".join(head))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    line, _, rest = answer.partition(b"\r\n")
    return int(line.split()[1]), rest.partition(b"\r\n\r\n")[2]


@dataclass
class Model:
    """What a store should hold of one source."""

    seen: set = field(default_factory=set)
    bodies: set = field(default_factory=set)  # that could not be split: a letter each
    left_out: bool = False  # the letter of the newest event, should it be one
    newest: str | None = None
    counts: Counter = field(default_factory=Counter)

    def take(self, vector):
        """Return what the server says of *vector*."""
        if vector.status == 401:
            self.counts["refused"] += 1
            return None
        if vector.status == 404:
            return None
        self.counts["deliveries"] += 1
        if vector.expected.get("dead"):
            self.bodies.add((vector.body, -1))
            return "kept"
        sender = vector.configured()
        request = sender.read(Request(vector.headers, vector.body))
        placed = [event.placed for event in sender.events(request.headers, request.body)]
        fates = {self._take(*pair) for pair in zip(vector.events, placed, strict=True)}
        if fates <= {"ping"}:
            return "unwanted"
        said = "duplicate" if fates <= {"duplicate", "ping"} else "kept"
        self.counts["duplicates"] += said == "duplicate"
        return said

    def _take(self, event, placed):
        if event.get("ping"):
            return "ping"
        if event["id"] is not None and event["id"] in self.seen:
            return "duplicate"
        version = event["version"] or {"arrival": LATE, "first": BEFORE}.get(placed, self.newest)
        version = version or BEFORE
        kinds = {version[0], (self.newest or BEFORE)[0]} - {BEFORE}
        if event.get("dead") or len(kinds) > 1:
            self.left_out = True  # of one field of one item, as whatever was left out before
            return "bad"
        self.left_out &= version < (self.newest or "")
        self.newest = max(self.newest or version, version)
        self.seen |= {event["id"]} - {None}
        return "kept"


def counted(client, name, wanted):
    """Return the counters of a source; a refusal is counted soon after its answer, not before."""
    ends = time.monotonic() + 10
    while True:
        held = client.hgetall(f"instep:source:{name}")
        found = {key: int(held.get(key, 0)) for key in wanted}
        if found == wanted or time.monotonic() > ends:
            return found
        time.sleep(0.02)


def test_each_is_answered_kept_once_and_ordered_as_it_should_be(server, store_socket):
    names, models, wrong = sources(), {}, []
    for vector in MORE:
        name = names[way(vector)]
        status, body = send(server, vector, name)
        said = models.setdefault(name, Model()).take(vector)
        ack = b"<Ack>true</Ack>" if vector.sender == "salesforce" else b""
        expected = {200: ack or b'{"status":"%b"}' % str(said).encode(), 204: b"", 401: b""}
        if status != vector.status or expected.get(status, b"") not in body:
            wrong.append((vector.name, vector.status, said, status, body))
    assert wrong == []
    with redis.Redis(unix_socket_path=store_socket, decode_responses=True) as client:
        for name, model in models.items():
            assert counted(client, name, model.counts) == model.counts, name
            letters = client.scard(f"instep:letters:raw:{name}")
            assert letters == len(model.bodies) + model.left_out, name
            held = field_of(client, f"instep:item:{name}:1", "value")
            newest = held["r"] if held else None
            if model.newest == LATE:
                assert newest > "t0178"  # the machine's clock, not that of the vectors
            else:
                assert newest == model.newest, name
