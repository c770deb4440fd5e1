"""
The path of one delivery: how often it goes from one file of ours into another, and what it costs
the store.

    python -m tests.benchmarks.hops [--path]

The application and the job run in this process, on a store that keeps all at once, before a
sandbox. One delivery of one value is followed from its POST until its job finds no more to do; what
is built once (listings, schemas, scripts) was built by one before it. Prints

- stations: the path of a reader, who opens a file the first time that it is gone into and
  comes back to the ones he knows. Counted is each file that the delivery goes into, once, by the
  order in which that happens first, but for pure values (`VALUES`) and leaves: files that go into
  no other one but those, of which the name of what is called says enough. With --path each
  is printed, a leaf with a dash instead of its number,
- hops: calls from one file of ours into another (one that comes by way of a library is none), those
  that follow one another between the same two files counted once,
- arrows: pairs of files between which there is a hop,
- round trips: to the store, and those of them that made it write, which is one fsync each. Of the
  request: a look whether the store may be trusted (at most one in half a second, by time, INFO and
  CONFIG together), accept, and the job for RQ, whose own keys those are. Of the job: the same look,
  for it is another process; how many workers there are (one in two seconds, of which the flights
  follow); the first claim, which clears the mark of the wake-up; the schema, which any process may
  have read anew; and settle, which claims what is next.
"""

# ruff: noqa: T201

import argparse
import hmac
import json
import os
import secrets
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.connection import AbstractConnection

from service.sandbox.seeds.samples import product_id
from tests.attack.store_away import Store
from tests.benchmarks.rig import CONFIGURATION, MAPPINGS, folder, sandbox

ROOT = Path(__file__).parents[2]
# What is no place to go to: values, the types of fields, settings, errors.
VALUES = ("workers/model/", "workers/fields/", "workers/config/settings.py", "workers/errors.py")
LINGER = 1.5  # s; what is due then is sent at once
OURS = tuple(f"{ROOT / name}{os.sep}" for name in ("service", "workers"))


class Hops:
    """Notes calls between files of ours."""

    def __init__(self):
        self.path = []  # (from, to), those that follow one another once

    def note(self, frame, event, _):
        if event != "call" or frame.f_back is None:
            return
        hop = frame.f_back.f_code.co_filename, frame.f_code.co_filename
        if hop[0] != hop[1] and all(name.startswith(OURS) for name in hop):
            hop = tuple(str(Path(name).relative_to(ROOT)) for name in hop)
            if self.path[-1:] != [hop]:
                self.path.append(hop)

    @contextmanager
    def noted(self):
        sys.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(None)


def stations(path):
    """Return the files of *path* by the order in which it first goes into each; and the leaves."""
    path = [hop for hop in path if not hop[1].startswith(VALUES)]
    entered = list(dict.fromkeys([path[0][0], *(into for _, into in path)]))
    left = {source for source, _ in path}
    return entered, [name for name in entered if name not in left]


class Trips:
    """Notes round trips to the store; *client*: of this alone."""

    def __init__(self, client):
        self._client = client
        self._own = False
        self.all = self.writing = 0

    @contextmanager
    def noted(self):
        send = AbstractConnection.send_packed_command
        self._changes = self._read()

        def sent(connection, *arguments, **options):
            if not self._own:
                self._note_writing()
                self.all += 1
            return send(connection, *arguments, **options)

        AbstractConnection.send_packed_command = sent
        try:
            yield
            self._note_writing()
        finally:
            AbstractConnection.send_packed_command = send

    def _note_writing(self):
        """Of the trip before: whether the store wrote."""
        found = self._read()
        self.writing += found != self._changes
        self._changes = found

    def _read(self):
        self._own = True
        try:
            return self._client.info("persistence")["rdb_changes_since_last_save"]
        finally:
            self._own = False


def deliver(application, jobs, secret, number):
    """Send one value, and work until nothing is due."""
    event = {"id": f"e{number}", "type": "stock.changed", "at": int(time.time() * 1000) + number}
    body = json.dumps({**event, "data": {"item": product_id(1), "qty": number}}).encode()
    proof = {"X-Signature": hmac.digest(secret.encode(), body, "sha256").hex()}
    answer = application.test_client().post("/webhooks/erp", data=body, headers=proof)
    if answer.status_code != 200:
        raise RuntimeError(f"{answer.status_code}: {answer.text}")
    time.sleep(LINGER)
    jobs.deliver("site")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hops", description=__doc__)
    parser.add_argument("--path", action="store_true", help="print each hop")
    chosen = parser.parse_args()
    with folder() as place, sandbox(place, 6000, 10) as cms:
        store, secret = Store(place), secrets.token_hex(16)
        (place / "instep.toml").write_text(CONFIGURATION % 6000)
        (place / "mappings.py").write_text(MAPPINGS)
        os.environ |= {
            "CMS_URL": cms,
            "ERP_SECRET": secret,
            "REDIS_URL": f"unix://{store.path}",
            "INSTEP_CONFIG": str(place / "instep.toml"),
            "INSTEP_DATA": str(place / "data"),
        }
        try:
            hops, trips = measured(store, secret)
        finally:
            store.kill()
    entered, leaves = stations(hops)
    if chosen.path:
        print("\n".join(f"{number:3} {' -> '.join(hop)}" for number, hop in enumerate(hops, 1)))
        numbers = iter(range(1, len(entered)))
        print("\n".join(f"{'-' if f in leaves else next(numbers):>3} {f}" for f in entered))
    print(f"{len(entered) - len(leaves)} stations, {len(leaves)} leaves; ", end="")
    print(f"{len(hops)} hops over {len(set(hops))} arrows; ", end="")
    print(f"{trips.all} round trips, of which {trips.writing} wrote")


def measured(store, secret):
    # Here: what they read from the environment is there by now.
    from service.config.build import of_process
    from service.web.server import application
    from workers.runtime import jobs

    app, bound = application(), jobs.bind(jobs.build(of_process().settings))
    client = redis.Redis(unix_socket_path=str(store.path))
    for number in range(1, 4):  # the first ones read the schema and list the collection
        deliver(app, bound, secret, number)
    hops, trips = Hops(), Trips(client)
    before = client.hget("instep:counts", "written")
    with trips.noted(), hops.noted():
        deliver(app, bound, secret, 4)
    if client.hget("instep:counts", "written") == before:
        raise RuntimeError("the value was not written")
    return hops.path, trips


if __name__ == "__main__":
    main()
