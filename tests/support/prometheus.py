"""Debian's Prometheus, started for a test, and an Instep on a real store that it scrapes."""

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime

import yaml
from werkzeug.serving import make_server

from service.web.app import create_app
from tests.support.application import configuration
from tests.support.promql import STARTER
from workers.store.background_counts import BackgroundCounts
from workers.store.counters import CountersReader
from workers.store.histograms import AckTimes
from workers.store.refusals import Refusals
from workers.store.status import Report

HERE = shutil.which("prometheus") and shutil.which("promtool")
RECONCILES = {
    "products": {
        "state": "held",
        "ended": "2026-03-01T12:00:00+00:00",
        "proven": "2026-03-01T03:00:00+00:00",
        "counts": {"orphan": 3},
    }
}


def promtool(*arguments, stdin=""):
    """Run ``promtool``; return its exit code and what it prints."""
    done = subprocess.run(  # noqa: S603
        ["promtool", *map(str, arguments)],  # noqa: S607
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        input=stdin,
    )
    return done.returncode, done.stdout


class Instep:
    """The web process of the system of *bench*: proven deliveries become events of its outbox."""

    def __init__(self, bench, folder):
        self.bench = bench
        self.counts = BackgroundCounts(bench.client)
        self.acks, self.refusals = AckTimes(self.counts), Refusals(bench.client)
        report = Report(bench.steps, bench.settings)
        app = create_app(
            configuration(folder),
            outbox=bench.outbox,
            wake=lambda _: None,
            status=lambda: report.status() | {"reconciles": RECONCILES},
            check_store=dict,
            workers_alive=lambda: 2,
            counters=CountersReader(bench.client, lambda: 2).read,
            clock=lambda: datetime.now(UTC),
        )
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.port = self._server.port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def count(self, source):
        """Count an answer and a refusal, as a web process does."""
        self.acks.observe(source, 0.02)
        self.refusals.count(source, "refused")
        self.counts.flush()
        self.refusals.flush()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Prometheus:
    """A server that scrapes *port* as the sample configuration says, but oftener."""

    def __init__(self, folder, port):
        chosen = yaml.safe_load((STARTER / "prometheus.yml").read_text("utf-8"))
        (job,) = chosen["scrape_configs"]
        job |= {"scrape_interval": "500ms", "scrape_timeout": "500ms"}
        job["static_configs"][0]["targets"] = [f"127.0.0.1:{port}"]
        chosen["global"] = {"evaluation_interval": "100ms"}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(chosen))
        shutil.copy(STARTER / "alerts.yml", folder)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            own = probe.getsockname()[1]
        self._address = f"http://127.0.0.1:{own}/api/v1/"
        command = ["prometheus", f"--web.listen-address=127.0.0.1:{own}"]
        command += [f"--config.file={folder / 'prometheus.yml'}"]
        command += [f"--storage.tsdb.path={folder / 'data'}", "--log.level=error"]
        self._process = subprocess.Popen(command, cwd=folder)  # noqa: S603
        self.eventually(lambda: self.ask("query", query="up"))

    def ask(self, path, **query):
        """Return the data of the answer to *path*; None while it does not answer."""
        address = f"{self._address}{path}?{urllib.parse.urlencode(query)}"
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def series(self, query, **at):
        """Return what *query* finds, now or at the *time* given."""
        return self.ask("query", query=query, **at)["result"]

    def eventually(self, look, within=20.0):
        ends = time.monotonic() + within
        while not (found := look()):
            assert time.monotonic() < ends, "it did not come about"
            time.sleep(0.05)
        return found

    def scraped(self):
        """
        Wait for a good scrape that begins after this call, and return its time.

        A query for just that time finds it whatever becomes of the scrapes that follow: on a busy
        machine one may be late, and then there are no numbers of now.
        """
        begun = time.time()

        def newest():
            found = self.series("timestamp(up) and up == 1")  # not of the comparison: that is now
            at = float(found[0]["value"][1]) if found else 0.0
            return at + 0.01 if at > begun else None  # not a millisecond before it

        return self.eventually(newest)

    def close(self):
        self._process.terminate()
        self._process.wait(10)
