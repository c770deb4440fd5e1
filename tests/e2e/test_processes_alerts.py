"""Alerts of real processes: one for each cause, whichever of them is killed."""

import contextlib
import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import redis

from tests.support.real_processes import BY_ITEM, Instep, Line, Load, eventually, signed
from tests.support.standin import SCHEMA, StandIn, item_id
from workers.store import keys

ALERTS = """
[alerts]
url = "{url}/s3cr3tpath"
every = "1m"
"""
MASS = 10_000


class Sink:
    """Takes messages on a free port."""

    def __init__(self):
        self.causes = causes = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                causes.extend(json.loads(body)["instep"]["causes"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                """Messages are kept, not printed."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://{}:{}".format(*self.server.server_address)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def told(self):
        return [f"{each['state']} {each['name']}" for each in self.causes]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def sink():
    sink = Sink()
    yield sink
    sink.close()


@contextlib.contextmanager
def installed(folder, cms, sink, **options):
    """An installation that tells *sink*."""
    instep = Instep(folder, cms, **options)
    with (folder / "instep.toml").open("a") as file:
        file.write(ALERTS.format(url=sink.url))
    yield instep
    instep.close()
    cms.close()


@pytest.fixture
def instep(tmp_path, sink):
    with installed(tmp_path, StandIn(1), sink) as instep:
        yield instep


def test_each_cause_is_told_once_whoever_is_killed_and_stopped_workers_too(instep, sink):
    process = instep.up()
    line = Line(instep.address)
    for n in range(3):  # nothing of them can be mapped
        event = {"id": f"e{n}", "type": "stock.changed", "at": "2026-05-12T09:00:00Z"}
        assert line.ask(signed({**event, "data": {"qty": 1}})) == 200
    line.close()
    problems = "began source erp: problems"
    eventually(lambda: sink.told() == [problems], 30, told=instep.log)
    process.kill()
    process.wait()
    # Only the web processes come back: one of those that are left takes over.
    words = ["web", "--bind", "127.0.0.1:0", "--processes", "1"]
    instep.started.append(instep.start(words, instep.folder / "log"))
    eventually(lambda: _expired(instep), 30)
    eventually(lambda: sink.told() == [problems, "began no worker"], 60, told=instep.log)
    assert "s3cr3tpath" not in instep.log()
    assert process.returncode == -signal.SIGKILL


def _expired(instep):
    """Let the lease of the killed process run out at once."""
    with contextlib.suppress(redis.ConnectionError, StopIteration):  # it is not there yet
        return instep.store().delete(keys.ALERTER)
    return 0


@pytest.fixture
def mass(tmp_path, sink, monkeypatch):
    """An installation whose CMS has the stock as a picture: each number is refused, by name."""
    monkeypatch.setitem(SCHEMA, "stock", "Image")
    monkeypatch.setitem(SCHEMA, "slug", "PlainText")  # without it a schema is not gone by
    only = "".join(line for line in BY_ITEM.splitlines(True) if "in_stock" not in line)
    with installed(tmp_path, StandIn(MASS), sink, mappings=only, more="linger = 0.0") as instep:
        yield instep


def stock(number):
    event = {"id": f"e{number}", "type": "stock.changed", "at": "2026-05-12T09:00:00Z"}
    return {**event, "data": {"item_id": item_id(number), "qty": number}}


@pytest.mark.full  # minutes of two cores: the rules alone show the same
def test_ten_thousand_refusals_are_one_message_one_update_and_one_end(mass, sink):
    name = "collection products: problems"
    mass.up()
    Load(mass, map(stock, range(MASS))).join()
    eventually(lambda: len(sink.causes) > 1, 300, told=mass.log)
    assert sink.told() == [f"began {name}", f"update {name}"]
    assert sink.causes[1]["figures"] == {"dead_letters": MASS, "different_problems": 1}
    code, said, complaint = mass.command("dead", "discard", "--all", "--yes")
    assert code == 0, said + complaint
    eventually(lambda: len(sink.causes) > 2, 120, told=mass.log)
    assert sink.told() == [f"began {name}", f"update {name}", f"ended {name}"]
