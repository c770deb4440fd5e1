"""``instep sync --once`` publishes what a round before it staged, although the folder is lost."""

import os
import shutil
import signal
import threading
from dataclasses import replace

import pytest

from service.sandbox.seeds.samples import product_id
from service.sandbox.site.site import SITE_ID
from tests.support.pulled_site import PulledSite

ROUND = ("sync", "--once", "--for", "60s")
DESTINATION = f'live = false\npublish = "items"\nsite = "{SITE_ID}"'


@pytest.fixture
def site():
    site = PulledSite(12)
    yield site
    site.close()


class AtPublish:
    """Holds the first publish that arrives: before it is carried out, or behind that."""

    def __init__(self, server, *, behind):
        self._app, self._behind = server.app, behind
        self.arrived, self._goes_on = threading.Event(), threading.Event()
        server.app = self

    def __call__(self, environ, start_response):
        if self.arrived.is_set() or not environ["PATH_INFO"].endswith("/publish"):
            return self._app(environ, start_response)
        if self._behind:
            answer = self._app(environ, start_response)
            self._hold()
            return answer
        self._hold()
        start_response("503 Service Unavailable", [])
        return [b""]

    def _hold(self):
        self.arrived.set()
        self._goes_on.wait(20)

    def release(self):
        self._goes_on.set()


def killed(site, instep, *, behind):
    """Kill a round whose publish is on its way."""
    held = AtPublish(site.planted.server, behind=behind)
    process = instep.start(ROUND, instep.folder / "log")
    assert held.arrived.wait(40)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    held.release()


def ended(_, instep):
    """A round that ends before it publishes: that waits for 10 s."""
    code, said, wrong = instep.alone("sync", "--once", "--for", "9s")
    assert code == 1, said + wrong


def draft(site, n):
    item = site.planted.products.items[product_id(n)]
    fields = {**item.staged.fields, "name": "a draft"}
    copy = replace(item.staged, fields=fields, draft=True, updated=site.planted.site.now())
    site.planted.products.store(item, copy)


@pytest.mark.parametrize(
    "until",
    [
        ended,
        pytest.param(lambda *of: killed(*of, behind=False), marks=pytest.mark.full, id="asked"),
        pytest.param(lambda *of: killed(*of, behind=True), marks=pytest.mark.full, id="published"),
    ],
)
def test_a_round_on_an_empty_folder_ends_with_what_the_source_says(tmp_path, site, until):
    instep = site.installed(tmp_path, destination=DESTINATION)
    for n in (1, 2, 3, 6):
        site.change(n, qty=1000 + n)
    draft(site, 6)
    until(site, instep)
    shutil.rmtree(instep.folder / "data")
    code, said, wrong = instep.alone(*ROUND)
    assert site.planted.products.items[product_id(6)].live.fields["name"] != "a draft"
    shown, wanted = site.shown, site.wanted
    assert shown.pop("P-0006") != wanted.pop("P-0006")  # an editor holds it back
    assert shown == wanted
    assert (code, said.splitlines()[-1:]) == (0, ["Nothing is left"]), said + wrong
