"""Instep as its users have it: a folder with two files, real processes, HTTP and the command."""

import contextlib
import hashlib
import hmac
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from unittest import mock

import redis
from click.testing import CliRunner

from service.cli import main
from tests.support.standin import COLLECTION, TOKEN
from tests.support.started import Started

SECRET = "erp-secret"

CONFIGURATION = """
mappings = ["mappings.py"]

[destinations.site]
api = "{api}"
token = "${{WEBFLOW_TOKEN}}"
base_url = "{url}"
requests_per_minute = 60
{more}
[collections.products]
destination = "site"
id = "{collection}"
key = "sku"

[sources.erp]
sender = "hmac"
secrets = ["{secret}"]
header = "X-Signature"
id = "id"
topic = "type"
occurred_at = "at"
"""

BY_ITEM = """
from marshmallow import fields
from service.mapping import Image, Mapping

class Stock(Mapping):
    class Meta:
        source = "erp"
        topics = ("stock.changed",)
        collection = "products"
        item = "data.item_id"

    stock = fields.Integer(data_key="data.qty")
    in_stock = fields.Boolean(data_key="data.qty > `0`")
    title = fields.String(data_key="data.title")
    photo = Image(data_key="data.photo")
"""

BY_KEY = BY_ITEM.replace('item = "data.item_id"', 'key = "data.sku"')


class Instep:
    """
    One installation in *folder*, for *cms*.

    Args:
        api: Of its destination.
        more: Further lines of that destination.
        processes: Web processes, and as many workers; each takes a second of a core to start.
    """

    def __init__(
        self, folder, cms, *, api="v2", more="", mappings=BY_ITEM, configuration="", processes=1
    ):
        self.folder, self.started, self.address, self.environ = folder, [], None, {}
        self.token, self.processes = TOKEN, processes
        text = CONFIGURATION.format(
            api=api, url=cms.url, more=more, collection=COLLECTION, secret=SECRET
        )
        (folder / "instep.toml").write_text(configuration or text)
        (folder / "mappings.py").write_text(mappings)

    def _own(self):
        """Return what its environment adds to that of this process."""
        own = {"WEBFLOW_TOKEN": self.token, "INSTEP_DATA": str(self.folder / "data")}
        return own | self.environ

    def start(self, words, log):
        """Start a command, whose errors go to *log*; return its process."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("INSTEP_", "REDIS_"))}
        return Started(words, self.folder, clean | self._own(), log)

    def begin(self, port):
        """Start it, and return its process."""
        words = ("up", "--bind", f"127.0.0.1:{port}", "--processes", str(self.processes))
        process = self.start(words, self.folder / "log")
        self.started.append(process)
        self.address = ("127.0.0.1", port)
        return process

    def up(self, *, port=0):
        """Start it, and return its process once it is ready."""
        process = self.begin(port)
        line = process.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), self.log()
        self.address = ("127.0.0.1", int(line.rpartition(":")[2]))
        return process

    def command(self, *words):
        """
        Run a command to its end; returns its exit code, output and errors. It runs in this process:
        to start another takes half a second of a core.
        """
        foreign = {name: None for name in os.environ if name.startswith(("INSTEP_", "REDIS_"))}
        with contextlib.chdir(self.folder), mock.patch.dict(os.environ):  # it reads .env into it
            done = CliRunner().invoke(main, words, env=foreign | self._own())
        return done.exit_code, done.stdout, done.stderr

    def alone(self, *words):
        """Run a command in a process of its own, as `command` does in this one."""
        with tempfile.TemporaryDirectory() as folder:
            errors = Path(folder, "errors")
            process = self.start(words, errors)
            with process.stdout:
                said = process.stdout.read()
            return process.wait(60), said, errors.read_text()

    def asked(self, *words):
        """Return what a command says with --json; None where it cannot be said now."""
        code, said, _ = self.command(*words, "--json")
        return json.loads(said) if code == 0 else None

    def status(self):
        """Return what ``status --json`` says; None where it cannot be said now."""
        return self.asked("status")

    def pids(self):
        """Return the pids of what runs, by role."""
        found = {}
        for each in (self.status() or {"processes": []})["processes"]:
            found.setdefault(each["role"], set()).add(each["pid"])
        return found

    def pending(self):
        """Return how many values are to be written, as /metrics says; None: nobody says it now."""
        with contextlib.suppress(OSError), contextlib.closing(Line(self.address)) as line:
            status, body = line.asked(request("/metrics", b"", {}, method="GET"))
            found = re.search(rb'^instep_values{fate="pending"} (.*)$', body, re.MULTILINE)
            return float(found[1]) if status == 200 and found else None
        return None

    def store(self):
        """Return a client of the embedded store, to do harm with."""
        places = (self.folder / "data" / at / "store.sock" for at in (".", "store.at"))
        return redis.Redis(unix_socket_path=str(next(p for p in places if p.exists())))

    def settled(self, within=60.0):
        """Wait until nothing is pending and the counters are balanced; return the status."""

        def quiet():
            found = self.status() if self.pending() == 0 else None
            if not found or found["fields"]["pending"] or found["spool"]["deliveries"]:
                return None
            return found["balanced"] and found

        def told():
            return f"{self.status()}{self.log()[-3000:]}"

        return eventually(quiet, within=within, pause=0.1, told=told)

    def log(self):
        return (self.folder / "log").read_text()

    def close(self):
        for process in self.started:
            process.send_signal(signal.SIGTERM)
        for process in self.started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait()
            process.stdout.close()


def eventually(look, within=10.0, *, pause=0.05, told=lambda: ""):
    """
    Poll *look* until it is true; fail when that takes longer than *within* seconds.

    *pause*: s between the first looks; what lasts long is looked at less often.
    """
    begun = time.monotonic()
    while not (found := look()):
        waited = time.monotonic() - begun
        assert waited < within, f"not within {within:g} s: {told()}"
        time.sleep(max(pause, min(0.5, waited / 20)))
    return found


def signed(payload, *, path="/webhooks/erp", secret=SECRET):
    """Return a whole HTTP request with *payload*, signed."""
    body = json.dumps(payload).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return request(path, body, {"X-Signature": signature, "Content-Type": "application/json"})


def request(path, body, headers, *, method="POST"):
    lines = [f"{method} {path} HTTP/1.1", "Host: hooks.example", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Line:
    """A connection that is kept, and made anew where it broke."""

    def __init__(self, address, seconds=10.0):
        self.address, self.seconds, self.socket, self.file = address, seconds, None, None

    def ask(self, whole):
        """Send the bytes of one request; return the status. Raises OSError."""
        return self.asked(whole)[0]

    def asked(self, whole):
        try:
            if self.socket is None:
                self.socket = socket.create_connection(self.address, self.seconds)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.file = self.socket.makefile("rb")
            self.socket.sendall(whole)
            return self._answer()
        except OSError:
            self.close()
            raise

    def _answer(self):
        first = self.file.readline().split(b" ", 2)
        if len(first) < 3:
            raise ConnectionError("no answer")
        length, closing = 0, False
        while line := self.file.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            closing |= name.lower() == b"connection" and value.strip().lower() == b"close"
        body = self.file.read(length)
        if len(body) < length:
            raise ConnectionError("half an answer")
        if closing:
            self.close()
        return int(first[1]), body

    def close(self):
        if self.socket:
            self.file.close()
            self.socket.close()
            self.socket = None


class Load:
    """
    Sends payloads from some threads, each until it is answered 200; *rate* is per second.

    *anew*: how many of the threads open a connection for each payload.
    """

    def __init__(self, instep, payloads, *, threads=8, rate=None, within=120.0, anew=0):
        self.instep, self.rate = instep, rate
        self.waiting = queue.SimpleQueue()
        self.total = 0
        for payload in payloads:
            self.waiting.put((self.total, payload))
            self.total += 1
        self.taken, self.others, self.acks = 0, {}, []
        self.ends = time.monotonic() + within
        self.begun = time.monotonic()
        self.threads = [
            threading.Thread(target=self._send, args=(number < anew,), daemon=True)
            for number in range(threads)
        ]
        for thread in self.threads:
            thread.start()

    def _send(self, anew):
        line = Line(self.instep.address)
        with contextlib.suppress(queue.Empty):
            while True:
                number, payload = self.waiting.get_nowait()
                self._pace(number)
                self._send_one(line, payload)
                if anew:
                    line.close()
        line.close()

    def _pace(self, number):
        if self.rate:
            time.sleep(max(0.0, self.begun + number / self.rate - time.monotonic()))

    def _send_one(self, line, payload):
        whole = payload if isinstance(payload, bytes) else signed(payload)
        while time.monotonic() < self.ends:
            sent = time.monotonic()
            try:
                status = line.ask(whole)
            except OSError as error:
                status = type(error).__name__
            if status == 200:
                self.acks.append((sent, time.monotonic()))
                return
            self.others[status] = self.others.get(status, 0) + 1
            time.sleep(0.05)

    def join(self):
        """Wait for the last answer; return the seconds from the first request on."""
        for thread in self.threads:
            thread.join(max(0.1, self.ends + 15 - time.monotonic()))
        assert len(self.acks) == self.total, f"{len(self.acks)} of {self.total}: {self.others}"
        return max(done for _, done in self.acks) - self.begun


def wrong(cms, truth, *, copy="live"):
    """Return the items of *truth* (id → slug → value) that the CMS shows otherwise."""
    shown = getattr(cms, copy)
    return {
        key: (fields, {slug: shown[key].get(slug) for slug in fields})
        for key, fields in truth.items()
        if any(shown[key].get(slug) != value for slug, value in fields.items())
    }


def say(words):
    """Print a figure; pytest shows it with -n 0 -s."""
    sys.stdout.write(f"{words}\n")
